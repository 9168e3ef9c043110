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
    .querySelectorAll(".table, .md-typeset__scrollwrap, div.arithmatex, pre > code")
    .forEach((scroller) => resized.observe(scroller));

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

  // A word with a minus in front is one that search leaves out; before a number it is a sign.
  const { postMessage } = Worker.prototype;
  const asked = new WeakMap();
  Worker.prototype.postMessage = function (message, ...rest) {
    const isQuery = message && typeof message.data === "string";
    const data = isQuery && message.data.replace(/(?<=^|\s)-(?=\d)/g, "");
    if (isQuery) asked.set(this, data.trim().toLowerCase());
    return postMessage.call(this, isQuery ? { ...message, data } : message, ...rest);
  };

  // The words of a formula's name are those of questions too, which count more. Typed whole, with
  // its underscores, it leads to its entry in the reference, before the theme reads what was found.
  const { get } = Object.getOwnPropertyDescriptor(MessageEvent.prototype, "data");
  Object.defineProperty(MessageEvent.prototype, "data", {
    get() {
      const data = get.call(this);
      const name = asked.get(this.target);
      if (!name || !name.includes("_") || !data.data || !data.data.items) return data;
      const { items } = data.data;
      const isNamed = (entry) => entry.title.replace(/<[^>]*>/g, "").toLowerCase() === name;
      const at = items.findIndex((group) => group.some(isNamed));
      if (at >= 0) {
        const [group] = items.splice(at, 1);
        items.unshift(group);
        group.unshift(...group.splice(group.findIndex(isNamed), 1));
      }
      return data;
    },
  });

  // Folded answers are printed open, also by browsers that cannot do it in CSS.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("article details:not([open], .mkdocstrings-source)")];
    opened.forEach((details) => (details.open = true));
  });
  addEventListener("afterprint", () => opened.forEach((details) => (details.open = false)));
})();
