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
  Worker.prototype.postMessage = function (message, ...rest) {
    const isQuery = message && typeof message.data === "string";
    const data = isQuery && message.data.replace(/(?<=^|\s)-(?=\d)/g, "");
    return postMessage.call(this, isQuery ? { ...message, data } : message, ...rest);
  };

  // Folded answers are printed open, also by browsers that cannot do it in CSS.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("article details:not([open], .mkdocstrings-source)")];
    opened.forEach((details) => (details.open = true));
  });
  addEventListener("afterprint", () => opened.forEach((details) => (details.open = false)));
})();
