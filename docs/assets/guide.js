"use strict";

(() => {
  // Code blocks get a row of buttons from the theme: a landmark, and each needs its own name.
  const label = () => {
    document.querySelectorAll(".md-code__nav").forEach((row, index) => {
      row.setAttribute("aria-label", `Code block ${index + 1}`);
    });
  };
  new MutationObserver(label).observe(document.querySelector("article"), {
    childList: true,
    subtree: true,
  });
  label();

  // Whatever scrolls can be scrolled by keyboard, and is no stop for it otherwise.
  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const { scrollWidth, clientWidth, scrollHeight, clientHeight } = target;
      if (scrollWidth > clientWidth || scrollHeight > clientHeight) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  document
    .querySelectorAll(".table, div.arithmatex, pre > code")
    .forEach((scroller) => resized.observe(scroller));

  // The label that opens the drawer is for a pointer; here it is a button for the keyboard too.
  const drawer = document.getElementById("__drawer");
  const opener = document.querySelector(".md-header [for=__drawer]");
  const say = () => opener.setAttribute("aria-expanded", String(drawer.checked));
  opener.tabIndex = 0;
  opener.setAttribute("role", "button");
  opener.setAttribute("aria-label", "Navigation");
  opener.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    drawer.click();
    if (drawer.checked) document.querySelector(".md-nav--primary a").focus();
  });
  drawer.addEventListener("change", say);
  say();

  // A link into a fold opens it. Most browsers do so by themselves, but not where the heading of a
  // fold is the target.
  const openFolds = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    let fold = target && target.closest("details:not([open])");
    if (!fold) return;
    for (; fold; fold = fold.parentElement.closest("details:not([open])")) fold.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", openFolds);
  openFolds();

  // The theme fetches the index of search, and the program that reads it, with every page: more than
  // half of what a first visit would transfer. Here both wait until search is opened, or an address
  // asks for a search or for highlighted words. Without this, search works as well.
  const searched = new Promise((open) => {
    if (/[?&][qh]=/.test(location.search)) open();
    document.getElementById("__search").addEventListener("change", open, { once: true });
  });
  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    this.isSearchIndex = String(url).endsWith("/search_index.json");
    return open.call(this, method, url, ...rest);
  };
  XMLHttpRequest.prototype.send = function (...body) {
    if (this.isSearchIndex) searched.then(() => send.apply(this, body));
    else send.apply(this, body);
  };

  // The words of a formula's name are those of questions too, which count more. Typed whole, with
  // its underscores, it leads to its entry in the reference.
  const namedFirst = (name, items) => {
    const isNamed = (entry) => entry.title.replace(/<[^>]*>/g, "").toLowerCase() === name;
    const at = items.findIndex((group) => group.some(isNamed));
    if (at < 0) return;
    const [group] = items.splice(at, 1);
    items.unshift(group);
    group.unshift(...group.splice(group.findIndex(isNamed), 1));
  };

  // The program starts with the first message, which is the index.
  const Program = Worker;
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      this.address = address;
    }
    start() {
      const program = new Program(this.address);
      program.addEventListener("message", ({ data }) => {
        if (this.asked?.includes("_") && data.data?.items) namedFirst(this.asked, data.data.items);
        this.dispatchEvent(new MessageEvent("message", { data }));
      });
      return program;
    }
    // A word with a minus in front is one that search leaves out; before a number it is a sign.
    postMessage({ data, ...message }) {
      if (typeof data === "string") {
        data = data.replace(/(?<=^|\s)-(?=\d)/g, "");
        this.asked = data.trim().toLowerCase();
      }
      (this.program ??= this.start()).postMessage({ data, ...message });
    }
  };

  // Folded answers are printed open, also by browsers that cannot do it in CSS.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("article details:not([open], .mkdocstrings-source)")];
    opened.forEach((details) => (details.open = true));
  });
  addEventListener("afterprint", () => opened.forEach((details) => (details.open = false)));
})();
