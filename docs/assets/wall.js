"use strict";

// Narrows the errata down by kind, by subject and by words. What is chosen stands behind the # of the
// address, so that a link shows the same; an address of one erratum shows that one, its proof open.
(() => {
  const form = document.querySelector(".narrowing");
  const cards = [...document.querySelectorAll(".erratum")];
  const texts = new Map(cards.map((card) => [card, card.textContent.toLowerCase()]));
  const said = form.querySelector("output");
  const { kind, about, words } = form.elements;
  const all = form.querySelector("[type=reset]");

  const show = () => {
    const wanted = words.value.toLowerCase().split(/\s+/);
    const fits = (card) =>
      (!kind.value || kind.value === card.dataset.kind) &&
      (!about.value || about.value === card.dataset.about) &&
      wanted.every((word) => texts.get(card).includes(word));
    for (const card of cards) card.hidden = !fits(card);
    const shown = cards.filter((card) => !card.hidden).length;
    said.textContent = `${shown} of ${cards.length} shown.`;
    all.hidden = shown === cards.length;
  };

  const choose = (state) => {
    for (const each of kind) each.checked = each.value === (state.get("kind") ?? "");
    about.value = state.get("about") ?? "";
    words.value = state.get("words") ?? "";
    show();
  };

  const chosen = () => {
    show();
    const state = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    history.replaceState(null, "", `${state}` ? `#${state}` : location.href.split("#")[0]);
  };

  const read = () => {
    const address = location.hash.slice(1);
    const title = document.getElementById(address);
    const card = title && title.closest(".erratum");
    if (card ? card.hidden : !title) choose(new URLSearchParams(address));
    if (!card) return;
    card.querySelector("details").open = true;
    title.scrollIntoView();
  };

  form.hidden = false;
  form.addEventListener("input", chosen);
  form.addEventListener("reset", (event) => {
    event.preventDefault(); // which empties the fields only afterwards
    choose(new URLSearchParams());
    chosen();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", read);
  show();
  read();
})();
