"use strict";

/* Calculators. The guide's own Python, translated, writes all that is shown: here are the form, the
   address, the status and the errors, and nothing of what any calculator is about. */
(() => {
  const SAID = 400; // milliseconds after the last change, so that a screen reader hears only that
  const BEAT = 600; // of what plays
  const FIRST = 4; // calls until the browser runs them fast

  const paused = (time) => new Promise((done) => setTimeout(done, time));

  const start = (root) => {
    const form = root.querySelector("form");
    const about = JSON.parse(root.dataset.about);
    const name = root.dataset.calculator;
    const [problem, status] = ["alert", "status"].map((role) => root.querySelector(`[role=${role}]`));
    const outputs = [...root.querySelectorAll(".shown")];
    const fields = [...form.querySelectorAll("[data-kind]")];
    const isTick = ({ dataset }) => dataset.kind === "bool";
    const held = (field) => (isTick(field) ? String(field.checked) : field.value);
    const hold = (field, text) => {
      if (isTick(field)) field.checked = text === "true";
      else field.value = text;
    };
    const initial = new Map(fields.map((field) => [field.name, held(field)]));

    const whole = ({ name, value: text }) => Guide.call("_guide.live.shown.whole", { name, text });
    const config = ({ name, value: text }) => {
      if (!text.trim()) return null;
      const wrong = (why) => new Guide.Error("ValueError", `${name} ${why}`);
      let value;
      try {
        value = JSON.parse(text);
      } catch (error) {
        throw wrong(`is no JSON: ${error.message}`);
      }
      if (!value || typeof value !== "object" || Array.isArray(value))
        throw wrong(`must be names and values in braces, such as {"bf16": true}, not ${text}`);
      return value;
    };
    const kinds = { int: whole, play: whole, bool: (f) => f.checked, choice: (f) => f.value, config };
    const read = (field) => (field.closest("[hidden]") ? unread(field) : kinds[field.dataset.kind](field));
    /** What is not shown is as it was at first. */
    const unread = (field) => {
      const now = held(field);
      hold(field, initial.get(field.name));
      const value = kinds[field.dataset.kind](field);
      hold(field, now);
      return value;
    };
    /** Call a function with what the fields hold; what few readers need is loaded when one does. */
    const written = async (which) => {
      const call = () => {
        const values = Object.fromEntries(fields.map((field) => [field.name, read(field)]));
        const page = { root: about.root, documented: guideFormulas[name] };
        return Guide.call(which, { ...values, page });
      };
      try {
        return call();
      } catch (error) {
        if (error.type !== "Later") throw error;
        await guideScripts.load([about.whole]);
        return call();
      }
    };

    /** Give the field of a name or a choice; where it is hidden, the one that hides it. */
    const named = (word, chosen) => {
      const offers = ({ options = [] }) => chosen && [...options].some(({ value }) => value === word);
      const field = fields.find((each) => each.name === word) ?? fields.find(offers);
      const hidden = field?.closest("[data-when][hidden]");
      return hidden ? form.elements[hidden.dataset.when.split("=")[0]] : field;
    };
    /** Say what is wrong, at its field: that of `training["a"]` is `a`, else the one named first. */
    const say = (message, stale = Boolean(message)) => {
      const words = (pattern) => [...message.matchAll(pattern)].map(([, word]) => word);
      const inner = words(/\["(\w+)"\]/g).map((word) => named(word, true));
      const field = [...inner, ...words(/(\w+)/g).map((word) => named(word))].find(Boolean);
      for (const each of fields)
        for (const mark of ["aria-invalid", "aria-describedby"]) each.removeAttribute(mark);
      (field?.closest(".fields > div") ?? form).append(problem);
      field?.setAttribute("aria-invalid", "true");
      field?.setAttribute("aria-describedby", problem.id);
      field?.closest("details")?.setAttribute("open", "");
      if (problem.textContent !== message) problem.textContent = message;
      root.classList.toggle("stale", stale);
    };

    const show = () => {
      for (const part of form.querySelectorAll("[data-when]")) {
        const [name, value] = part.dataset.when.split("=");
        part.hidden = !value.split("|").includes(form.elements[name].value);
      }
    };
    const changed = () => fields.filter((field) => held(field) !== initial.get(field.name));
    const address = () => {
      const state = new URLSearchParams(changed().map((field) => [field.name, held(field)]));
      const hash = `${state}` && `#${state}`;
      history.replaceState(null, "", `${location.pathname}${location.search}${hash}`);
      root.querySelectorAll("[data-carry]").forEach((link) => (link.hash = hash));
    };

    /** Put in what was written; what was unfolded stays so. */
    const write = (output, written) => {
      const folds = () => [...output.querySelectorAll("details")];
      const open = folds().map((fold) => fold.open);
      output.innerHTML = written;
      output.classList.remove("late");
      folds().forEach((fold, i) => (fold.open = open[i] ?? false));
    };

    let last = 0;
    const update = async () => {
      const turn = (last += 1);
      show();
      address();
      try {
        await guideScripts.load(about.scripts);
        outputs.slice(1).forEach((each) => each.classList.add("late"));
        for (const [i, each] of about.functions.entries()) {
          // Only the first answers at once; the others wait for a reader to pause.
          if (i) await paused(i === 1 ? SAID : 0);
          if (turn !== last) return;
          const { html, status: says, limits = {} } = await written(each);
          if (turn !== last) return;
          write(outputs[i], html);
          if (!i) {
            say("");
            clearTimeout(status.waits);
            if (!form.plays) status.waits = setTimeout(() => (status.textContent = says), SAID);
          }
          for (const [field, most] of Object.entries(limits)) {
            const { value, max } = form.elements[field];
            form.elements[field].max = most;
            if (value === max && BigInt(max) < most) form.elements[field].value = most;
            if (value !== form.elements[field].value) update();
          }
        }
        address(); // for links that have just been written
      } catch (error) {
        say(error.message);
      }
    };

    const player = root.querySelector("[data-play]");
    // Who wants no motion makes each step.
    const steps = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const stop = () => {
      form.plays = clearInterval(form.plays);
      if (player) player.textContent = steps ? "Step" : "Play";
    };
    /** Go on from where it stands, or stop there; only then is its place said aloud. */
    const play = () => {
      const field = form.elements[player.dataset.play];
      const next = () => {
        field.value = field.value === field.max ? 0 : Number(field.value) + 1;
        if (field.value === field.max) stop();
        update();
      };
      if (form.plays) {
        stop();
        update();
      } else if (steps) next();
      else {
        player.textContent = "Pause";
        form.plays = setInterval(next, BEAT);
        next();
      }
    };
    const copy = async (button, text) => {
      button.words ??= button.textContent;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        // A page that came unencrypted has no clipboard.
        const area = Object.assign(document.createElement("textarea"), { value: text });
        button.after(area);
        area.select();
        const done = document.execCommand("copy");
        area.remove();
        button.focus();
        if (!done) return;
      }
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = button.words), 1500);
    };
    root.addEventListener("click", ({ target }) => {
      if (target === player) play();
      if (target.matches("[data-link]")) copy(target, location.href);
      if (target.matches("[data-copy]")) copy(target, target.nextElementSibling.textContent);
    });

    const restore = () => {
      const state = new URLSearchParams(location.hash.slice(1));
      const known = [...state.keys()].some((name) => initial.has(name));
      // A link to a place on the page leaves what is set, and where it goes has been reached.
      if (!known && !changed().length) return;
      if (!known && location.hash) return address();
      stop();
      fields.forEach((field) => hold(field, state.get(field.name) ?? initial.get(field.name)));
      const [lost] = fields.filter(({ selectedIndex }) => selectedIndex < 0);
      fields.forEach((field) => field.selectedIndex < 0 && hold(field, initial.get(field.name)));
      update().then(() => {
        if (lost) say(`${lost.name} has no choice “${state.get(lost.name)}” here`, false);
      });
      if (!known) return;
      for (let fold = root.closest("details"); fold; fold = fold.parentElement.closest("details")) {
        fold.open = true;
      }
      root.scrollIntoView();
    };

    // The first calls are the slowest: they are made while a reader chooses what to change.
    const warm = async () => {
      try {
        await guideScripts.load(about.scripts);
        for (let i = 0; i < FIRST; i += 1) {
          await written(about.functions[0]);
          await paused(0);
        }
        root.dataset.warm = "";
      } catch {} // what is wrong is said when it counts
    };
    guideScripts.atTouch(form, about.scripts);
    for (const touch of ["pointerenter", "pointerdown", "focusin"])
      form.addEventListener(touch, () => (warm.begun ??= warm()));
    form.addEventListener("input", () => {
      stop();
      update();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(update));
    addEventListener("hashchange", restore);
    root.dataset.ready = "";
    stop();
    restore();
  };
  document.querySelectorAll("[data-calculator]:not([data-ready])").forEach(start);
})();
