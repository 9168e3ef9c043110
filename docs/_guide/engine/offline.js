"use strict";

/* What a page lacks that is opened from a disk. */

// No browser starts a worker there. That of the search runs in an empty frame instead.
self.Worker = class extends EventTarget {
  constructor(address) {
    super();
    const frame = document.createElement("iframe");
    frame.hidden = true;
    document.body.append(frame);
    const { contentDocument, contentWindow } = frame;
    contentDocument.open(); // or Firefox puts another document there
    contentDocument.close();
    contentWindow.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
    const script = contentDocument.createElement("script");
    script.src = address;
    this.started = new Promise((done) => (script.onload = done)).then(() => contentWindow);
    contentDocument.body.append(script);
  }

  postMessage(data) {
    this.started.then((frame) => frame.dispatchEvent(new MessageEvent("message", { data })));
  }
};

// No server knows that a folder means its page. Links in pages say so; these are made by scripts.
addEventListener(
  "click",
  ({ target }) => {
    const link = target.closest("a[href]");
    if (link?.protocol === "file:" && link.pathname.endsWith("/")) link.pathname += "index.html";
  },
  true,
);
