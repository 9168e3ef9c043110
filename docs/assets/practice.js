"use strict";

/* Practice. The exercises come from the build, and the guide's own Python judges: here are forms,
   steps that fade, the address, and what this browser remembers. */
(() => {
  const assets = new URL(".", document.currentScript.src);
  if (self.guidePractice) return; // a page may have more than one exercise, each with the script
  self.guidePractice = {};

  const [WORKED, LAST, ALL, BARE] = [0, 1, 2, 3];
  const STAGES = ["Worked out", "The last step", "Every step", "No help"];
  const REVIEW = 10;
  const VERDICTS = {
    right: "Right.",
    other: "Right, but in another unit or by another convention.",
    unit: "The right number, with another's unit.",
    known: "A known mistake.",
    power: "Nearly.",
    unknown: "Not that.",
    unreadable: "That cannot be read.",
  };

  /** What is not right yet, but no mistake. */
  const NO_FAULT = ["other", "unit"];

  // --- Python ---------------------------------------------------------------------------------

  const { load, atTouch } = guideScripts;
  const { python } = JSON.parse(document.querySelector("[data-practice]").dataset.about);
  const call = async (name, named) => {
    await load(python);
    return Guide.call(`_guide.live.answers.${name}`, named);
  };
  /** Make a form whose answers Python judges. */
  const judged = (attributes, ...children) => {
    const made = element("form", attributes, ...children);
    atTouch(made, python);
    return made;
  };

  /** The exercises of a question, in a script that a page from a disk can load too. */
  const exercisesOf = async ({ data }, question) => {
    if (!guidePractice[question]) await load([`../${data[question]}`]);
    return guidePractice[question];
  };

  // --- What this browser remembers ------------------------------------------------------------

  const KEY = "guide-practice";
  /** Storage may throw, as in some private windows: then nothing is kept. */
  const stored = (act) => {
    try {
      return act(localStorage);
    } catch {
      return null;
    }
  };
  const memory = {
    read: () => ({
      solved: {},
      missed: {},
      ...stored((storage) => JSON.parse(storage.getItem(KEY))),
    }),
    /** Note an answer: `stage` says how little help there was, null that it was missed. */
    note(number, id, stage) {
      if (id === "given") return;
      const all = memory.read();
      const solved = (all.solved[number] ??= {});
      const missed = (all.missed[number] ??= {});
      if (stage === null) missed[id] = true;
      else solved[id] = Math.max(stage, solved[id] ?? WORKED);
      if (stage === BARE) delete missed[id];
      stored((storage) => storage.setItem(KEY, JSON.stringify(all)));
    },
    forget: () => stored((storage) => storage.removeItem(KEY)),
    /** Count what is solved of one question, or of all. */
    count(number) {
      const stages = Object.entries(memory.read().solved)
        .filter(([key]) => number === undefined || key === String(number))
        .flatMap(([, ids]) => Object.values(ids));
      return { all: stages.length, alone: stages.filter((stage) => stage === BARE).length };
    },
  };

  // --- Elements -------------------------------------------------------------------------------

  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.flat(Infinity));
    return made;
  };
  const button = (words, press, attributes = {}) =>
    element("button", { type: "button", class: "md-button", onclick: press, ...attributes }, words);
  const PRIMARY = { class: "md-button md-button--primary" };
  const submit = () => element("button", { type: "submit", ...PRIMARY }, "Check");
  const buttons = (...children) => element("p", { class: "buttons" }, ...children);

  /** What stands in backticks is code. */
  const rich = (text) =>
    text.split("`").map((part, i) => (i % 2 ? element("code", {}, part) : part));
  const asking = ({ tries }) => element("p", { class: "asked", tabindex: -1 }, rich(tries));
  const unique = () => `practice-${(unique.last = (unique.last ?? 0) + 1)}`;

  const shown = ({ finds, how, asked }) =>
    element("li", {}, `${finds}: ${how} = `, element("strong", {}, asked.written));
  const solution = ({ asked, because, way = [] }) => [
    element("p", { class: "answer" }, element("strong", {}, asked.written), " ", rich(because)),
    way.length ? [element("ol", { class: "way" }, way.map(shown))] : [],
  ];

  // --- Answers --------------------------------------------------------------------------------

  /** One form for one exercise: what is asked, help, verdict. Tells `done` of each answer. */
  const form = (task, { stage = BARE, done = () => {}, own = false, finds } = {}) => {
    const { exercise } = task;
    const verdict = element("p", { class: "verdict", role: "status" });
    const kind = exercise.places ? places(exercise, stage, finds) : number(exercise, stage, finds);
    let helped = Math.min(stage, task.helped ?? BARE);
    let solved = false;

    const tell = ({ verdict: name, say }) => {
      const back = name === "known" && reveal() ? " The way back: the hint below." : "";
      const head = exercise.places && name === "unreadable" ? [] : [VERDICTS[name]]; // nothing to read
      verdict.dataset.verdict = name;
      verdict.replaceChildren(
        ...head.flatMap((words) => [element("strong", {}, words), " "]),
        ...rich(say + (name === "right" ? ` ${exercise.because}` : back)),
      );
    };
    const check = async (event) => {
      event.preventDefault();
      const found = await kind.judge().catch((error) => ({ verdict: "unreadable", say: String(error) }));
      const unread = found.verdict === "unreadable";
      tell(found);
      kind.input?.setAttribute("aria-invalid", String(unread));
      if (solved || unread) return;
      solved = found.verdict === "right";
      const missed = !solved && !NO_FAULT.includes(found.verdict);
      if (missed) helped = Math.min(helped, ALL); // who guesses has been told what it is not
      if (solved || missed) memory.note(task.number, exercise.id, solved ? helped : null);
      done(found.verdict);
    };

    const help = element("div", { class: "hints", "aria-live": "polite" });
    const ladder = hints(task).slice(own && !exercise.places ? 1 : 0); // its page says the first
    const naming = () => `Hint ${help.childElementCount + 1} of ${ladder.length}`;
    /** Show the next hint, if there is one. */
    const reveal = () => {
      if (hint.hidden) return false;
      help.append(ladder[help.childElementCount]);
      helped = Math.min(helped, ALL);
      hint.hidden = help.childElementCount === ladder.length;
      hint.textContent = naming();
      return true;
    };
    const hint = button(naming(), reveal);
    // Opened by hand; a printer opens it too.
    const opened = () => {
      if (answer.open || solved) return;
      helped = WORKED;
      done("told");
    };
    const summary = element("summary", { onclick: opened }, "Show the solution");
    const answer = element("details", {}, summary, solution(exercise));
    return [
      own ? [] : asking(exercise),
      judged(
        { class: "answering", novalidate: true, onsubmit: check },
        kind.elements,
        buttons(submit(), hint),
      ),
      verdict,
      help,
      own ? [] : answer, // on its own page the answer is folded below
    ].flat();
  };

  /** Three hints: words, formula, numbers. */
  const hints = ({ exercise, formula }) => {
    if (exercise.hints) return exercise.hints.map((hint) => element("p", {}, rich(hint)));
    const symbols = element("div", { class: "formula" });
    symbols.innerHTML = formula; // written by the build
    const steps = exercise.way.map(({ finds, how }) => element("li", {}, `${finds}: ${how} = ?`));
    return [
      element("p", {}, rich(exercise.asked.hint)),
      symbols,
      element("ol", { class: "way" }, steps),
    ];
  };

  const field = () => {
    const off = { autocomplete: "off", autocapitalize: "off", spellcheck: "false" };
    return element("input", { id: unique(), ...off });
  };

  const number = ({ asked, way }, stage, finds) => {
    const input = field();
    const words = {
      bytes: "Your answer, with its unit",
      share: "Your answer, as a share or in percent; two digits are enough",
    };
    const before = way.slice(0, -1).map({ [LAST]: shown, [ALL]: blank }[stage] ?? shown);
    const last = element("li", {}, `${way.at(-1).finds}: ?`);
    const label = finds ?? words[asked.unit] ?? `Your answer: a number of ${asked.unit}`;
    return {
      input,
      elements: [
        stage === BARE ? [] : element("ol", { class: "way" }, before, last),
        element("label", { for: input.id }, label),
        input,
      ],
      judge: () => call("judge", { text: input.value, asked }),
    };
  };

  /** A step whose value the reader finds. */
  const blank = ({ finds, asked }) => {
    const input = field();
    const note = element("span", { class: "note", role: "status" });
    input.addEventListener("change", async () => {
      const { verdict } = await call("judge", { text: input.value, asked });
      note.dataset.verdict = verdict;
      note.textContent = input.value && (verdict === "right" ? "✓ right" : "✗ not yet");
    });
    const unit = asked.unit === "share" ? "" : ` (${asked.unit})`;
    return element("li", {}, element("label", { for: input.id }, `${finds}${unit}: `), input, note);
  };

  const isPressed = (box) => box.getAttribute("aria-pressed") === "true";
  const press = ({ target }) => target.setAttribute("aria-pressed", String(!isPressed(target)));
  const places = ({ places: words, asked }, stage, finds) => {
    const open = { [LAST]: asked.value.length - 1, [ALL]: 1 }[stage] ?? 0;
    const marked = asked.value.slice(0, open);
    const boxes = words.map((word, i) =>
      button(word, press, { class: "box", "aria-pressed": String(marked.includes(i + 1)) }),
    );
    const chosen = () => boxes.flatMap((box, i) => (isPressed(box) ? [i + 1] : []));
    const group = { class: "boxes", role: "group", "aria-label": finds ?? "Press what you mark" };
    return {
      elements: [finds ? element("p", { class: "finds" }, finds) : [], element("div", group, boxes)],
      judge: () => call("judge_chosen", { chosen: chosen(), asked }),
    };
  };
  const markedOnly = ({ places: words, asked }) =>
    element(
      "ol",
      { class: "boxes" },
      words.map((word, i) =>
        asked.value.includes(i + 1)
          ? element("li", { class: "marked" }, word, element("span", { class: "spoken" }, " (marked)"))
          : element("li", {}, word),
      ),
    );

  // --- The exercises of one question, with less and less help ---------------------------------

  const variants = async (root, about) => {
    const { number: question } = about;
    const shared = await exercisesOf(about, question);
    const { exercises } = shared;
    const address = (id, stage) => `#${new URLSearchParams({ v: id, s: stage })}`;
    const go = (id, stage) => (location.hash = address(id, stage));
    /** The next exercise that is not solved yet, after one of them. */
    const next = (from) => {
      const solved = memory.read().solved[question] ?? {};
      const at = exercises.findIndex(({ id }) => id === from) + 1;
      const order = [...exercises.slice(at), ...exercises.slice(0, at)];
      return (order.find(({ id }) => !(id in solved)) ?? order[0]).id;
    };
    const show = () => {
      const state = new URLSearchParams(location.hash.slice(1));
      const exercise = exercises.find(({ id }) => id === state.get("v")) ?? exercises[0];
      const stage = STAGES[state.get("s")] ? Number(state.get("s")) : WORKED;
      history.replaceState(null, "", address(exercise.id, stage)); // also where a link was wrong
      const after = buttons();
      const offer = (verdict) => {
        if (verdict !== "right") return;
        const words = stage === BARE ? "Another" : "Another, with less help";
        const less = () => go(next(exercise.id), Math.min(stage + 1, BARE));
        after.replaceChildren(button(words, less, PRIMARY));
      };
      const worked = [asking(exercise), exercise.places ? markedOnly(exercise) : [], solution(exercise)];
      if (stage === WORKED) offer("right");
      const { all, alone } = memory.count(question);
      root.replaceChildren(
        element(
          "nav",
          { class: "stages", "aria-label": "How much help" },
          STAGES.map((words, i) => {
            const now = { href: address(exercise.id, i), "aria-current": i === stage && "step" };
            return element("a", now, words);
          }),
        ),
        ...(stage === WORKED ? worked.flat(2) : form({ ...shared, exercise }, { stage, done: offer })),
        after,
        element(
          "p",
          { class: "tools" },
          button("Another like this", () => go(next(exercise.id), stage)),
          element("span", {}, `${all} of ${exercises.length} solved, ${alone} without help`),
        ),
      );
    };
    const named = () => location.hash.startsWith("#v=");
    if (!named()) history.replaceState(null, "", address(next(exercises.at(-1).id), WORKED));
    show();
    addEventListener("hashchange", () => {
      if (!named()) return; // a heading's
      show();
      root.querySelector(".asked").focus();
    });
  };

  // --- Statements to be sorted ----------------------------------------------------------------

  const statements = (root, { number: question, sorted }) => {
    const verdict = element("p", { class: "verdict", role: "status" });
    const rows = sorted.all.map(({ says }) => {
      const name = unique();
      const choices = sorted.places.map((value) =>
        element("label", {}, element("input", { type: "radio", name, value }), value),
      );
      const note = element("p", { class: "note" });
      return element("fieldset", {}, element("legend", {}, rich(says)), choices, note);
    });
    const check = async (event) => {
      event.preventDefault();
      const chosen = rows.map((row) => row.querySelector("input:checked")?.value ?? "");
      const found = await call("judge_sorted", { chosen, statements: sorted.all });
      found.forEach(({ verdict: kind, say }, i) => {
        const note = rows[i].querySelector(".note");
        const mark = { right: "✓ Right. ", known: "✗ Not there. " }[kind] ?? "";
        note.dataset.verdict = kind;
        note.replaceChildren(...rich(mark + say));
      });
      const right = found.filter(({ verdict: kind }) => kind === "right").length;
      const whole = right === found.length;
      verdict.dataset.verdict = whole ? "right" : "unknown";
      verdict.textContent = `${right} of ${found.length} are where they belong.`;
      memory.note(question, "sorted", whole ? BARE : null);
    };
    const about = { class: "answering sorting", onsubmit: check };
    root.replaceChildren(judged(about, rows, buttons(submit())), verdict);
  };

  // --- Ten, mixed -----------------------------------------------------------------------------

  const mixed = (items) => {
    const left = [...items];
    return items.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0]);
  };

  /** The questions of a review, each in turn, no two of one after another. */
  const order = (questions) => {
    const found = [];
    while (found.length < REVIEW) {
      const round = mixed(questions);
      found.push(...(round[0] === found.at(-1) ? round.reverse() : round));
    }
    return found.slice(0, REVIEW);
  };

  /** Choose an exercise: one that was missed before one that is new, none twice. */
  const drawn = (shared, used) => {
    const { solved, missed } = memory.read();
    const open = mixed(shared.exercises).filter(({ id }) => !used.has(id));
    const isMissed = ({ id }) => missed[shared.number]?.[id];
    const isNew = ({ id }) => !(id in (solved[shared.number] ?? {}));
    const exercise = open.find(isMissed) ?? open.find(isNew) ?? open[0];
    used.add(exercise.id);
    return { ...shared, exercise };
  };

  const review = async (root, about) => {
    const queue = order(Object.keys(about.data));
    const used = new Set();
    let solved = 0;
    let back = 0;
    const show = async (focus = true) => {
      const next = queue.shift();
      // A question yet to be drawn from, or a task that comes back.
      const task = typeof next === "string" ? drawn(await exercisesOf(about, next), used) : next;
      const after = buttons();
      if (task) {
        let missed = false;
        const done = (verdict) => {
          if (NO_FAULT.includes(verdict)) return;
          if (verdict === "right" && !missed) solved += 1;
          if (verdict !== "right" && !missed) {
            missed = true;
            back += 1;
            queue.push(task);
            memory.note(task.number, task.exercise.id, null);
          }
          if (verdict !== "right") task.helped = verdict === "told" ? WORKED : task.helped ?? ALL;
          if (verdict !== "right" && verdict !== "told") return;
          const page = element("a", { href: new URL(`../${task.page}`, assets) }, task.title);
          const next = () => {
            after.replaceChildren(); // it can be pressed once
            show();
          };
          after.replaceChildren(button("Next", next, PRIMARY), page);
        };
        const so_far = element("p", { class: "tools" }, `${solved} of ${REVIEW} solved`);
        root.replaceChildren(so_far, ...form(task, { done }), after);
      } else {
        const words = back ? `${back} had to come back.` : "None had to come back.";
        after.append(button("Again, with others", () => review(root, about)));
        root.replaceChildren(asking({ tries: `All ${solved} are solved. ${words}` }), after);
      }
      if (focus) root.querySelector(".asked").focus();
    };
    await show(false);
  };

  // --- What has been solved -------------------------------------------------------------------

  const summary = () => {
    const { all, alone } = memory.count();
    return `You have solved ${all} exercise${all === 1 ? "" : "s"}, ${alone} without help.`;
  };
  const solved = (root, about) => {
    if (!memory.count().all) return;
    const link = element("a", { href: about.practice }, "Go on");
    root.replaceChildren(element("p", {}, `${summary()} `, link));
  };
  const progress = (root) => {
    const status = element("p", { class: "tools", role: "status" });
    const show = () => {
      document.querySelectorAll("[data-solved]").forEach((place) => {
        const { all, alone } = memory.count(place.dataset.solved);
        place.textContent = all ? `${all} solved, ${alone} without help` : "";
      });
      status.textContent = `${summary()} This is kept in this browser alone.`;
    };
    const save = () => {
      const file = new Blob([JSON.stringify(memory.read(), null, 2)], { type: "application/json" });
      const link = element("a", { href: URL.createObjectURL(file), download: "practice.json" });
      link.click();
      URL.revokeObjectURL(link.href);
    };
    const forget = () => {
      memory.forget();
      show();
    };
    root.replaceChildren(status, buttons(button("Save as a file", save), button("Forget all", forget)));
    show();
  };

  // --- A question's own page ------------------------------------------------------------------

  /** What a sentence is, in two buttons; what shows it is asked after that, so it is not told here. */
  const truth = (right, then) => {
    const note = element("p", { class: "note", role: "status" });
    const tell = ({ target }) => {
      const found = target.textContent === right;
      note.dataset.verdict = found ? "right" : "known";
      note.textContent = found ? "✓ Right. Now show it." : "✗ Not so. Now see why not.";
      choices.forEach((each) => each.setAttribute("aria-pressed", String(each === target)));
      then();
      then = () => {}; // once
    };
    const choices = ["True", "False"].map((words) => button(words, tell, { "aria-pressed": "false" }));
    return element("div", { class: "buttons", role: "group", "aria-label": "True or false" }, choices, note);
  };

  // --- Start ----------------------------------------------------------------------------------

  const own = async (root, about) => {
    const task = await exercisesOf(about, about.key);
    const whole = form(task, { own: true, finds: task.finds });
    if (!task.truth) root.prepend(...whole);
    // The sentence first; what shows it takes room, and waits for that. Both before the link.
    else root.prepend(truth(task.truth, () => root.querySelector(".more").before(...whole)));
  };
  const kinds = { own, variants, statements, review, progress, solved };
  document.querySelectorAll("[data-practice]").forEach(async (root) => {
    const about = JSON.parse(root.dataset.about);
    await kinds[root.dataset.practice](root, about);
    root.dataset.ready = "";
  });
})();
