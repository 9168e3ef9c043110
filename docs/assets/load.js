"use strict";

/* Scripts that a page needs only once a reader touches it: the guide's own Python, and its data. */
(() => {
  const assets = new URL(".", document.currentScript.src);
  if (self.guideScripts) return; // a page may have more than one thing that needs them
  const begun = new Map();

  const script = (address) =>
    new Promise((done, failed) => {
      const made = document.createElement("script");
      made.src = new URL(address, assets);
      made.async = false; // all are fetched at once, and run in order
      made.onload = done;
      made.onerror = () => failed(new Error(`${address} does not load`));
      document.head.append(made);
    });

  self.guideScripts = {
    /** Load scripts, each once, by addresses that begin at the assets; what failed is tried anew. */
    load(addresses) {
      for (const each of addresses) if (!begun.has(each)) begun.set(each, script(each));
      const all = Promise.all(addresses.map((each) => begun.get(each)));
      all.catch(() => addresses.forEach((each) => begun.delete(each)));
      return all;
    },
    /** Load scripts when an element is first pointed at, touched or focused. */
    atTouch(element, addresses) {
      for (const event of ["pointerenter", "pointerdown", "focusin"])
        element.addEventListener(event, () => guideScripts.load(addresses));
    },
  };
})();
