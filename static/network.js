// The page of a network: the bar says what the chosen versions can be used for, and a drag over several fields of the
// change map compares what the first of them came from with the last; arrow keys go from field to field.
"use strict";
(() => {
  const boxes = () => [...document.querySelectorAll("form[data-choose] input[name=version]")];

  function words(chosen) {
    const names = chosen.map((box) => `v${box.value.split(":").pop()}`).reverse();
    if (!chosen.length) return "Choose two versions, or up to eight.";
    if (chosen.length === 1) return `${names[0]} chosen: choose one more.`;
    if (chosen.length === 2) return `${names.join(" and ")} chosen.`;
    return `${chosen.length} chosen: side by side compares up to eight.`;
  }

  function count() {
    const bar = document.querySelector(".compare-bar");
    if (!bar) return;
    const chosen = boxes().filter((box) => box.checked);
    bar.querySelector("[data-chosen]").textContent = words(chosen);
    for (const button of bar.querySelectorAll("[data-needs]")) {
      const [least, most = least] = button.dataset.needs.split(" ").map(Number);
      button.disabled = chosen.length < least || chosen.length > most;
      button.title = button.disabled ? words(chosen) : "";
    }
    bar.querySelector("[data-clear]").hidden = !chosen.length;
  }

  document.addEventListener("change", (event) => { if (event.target.matches("form[data-choose] input")) count(); });
  document.addEventListener("reset", () => setTimeout(count));
  document.addEventListener("pagechange", () => { count(); begin(); });
  document.addEventListener("livechange", () => begin());
  addEventListener("pageshow", count); // on the way back the browser ticks again what was ticked

  // The change map
  let from; // the field at which a drag began
  const fields = () => [...document.querySelectorAll("table[data-steps] td a")];
  const field = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest("table[data-steps] td a");
  const place = (link) => link.closest("td").cellIndex;
  const number = (link, side) => Number(new URL(link.href).searchParams.get(side).split(":").pop());

  function across(one, other) { // what the first came from, and the last
    const [first, last] = place(one) <= place(other) ? [one, other] : [other, one];
    const url = new URL(first.href);
    url.searchParams.set("other", new URL(last.href).searchParams.get("other"));
    return { url, words: `v${number(first, "base")} → v${number(last, "other")}` };
  }

  function mark(to) {
    const ends = to ? [place(from), place(to)].sort((a, b) => a - b) : [1, 0];
    for (const cell of document.querySelectorAll("table[data-steps] td.between")) cell.classList.remove("between");
    const row = from?.closest("tr");
    for (const cell of row?.querySelectorAll("td") ?? []) cell.classList.toggle("between", cell.cellIndex >= ends[0] && cell.cellIndex <= ends[1]);
  }

  document.addEventListener("pointerdown", (event) => { from = event.button ? null : event.target.closest("table[data-steps] td a"); });
  document.addEventListener("pointermove", (event) => { if (from && event.buttons) mark(field(event)); });
  document.addEventListener("pointerup", (event) => {
    const to = from && field(event);
    if (to && place(to) !== place(from)) location.assign(across(from, to).url);
    else mark();
    from = null;
  });

  function begin() { // one stop for the tab key, and the newest versions in view
    fields().forEach((link, index) => { link.tabIndex = index ? -1 : 0; });
    const scroll = document.getElementById("step-map-scroll");
    if (scroll && !scroll.dataset.begun) { scroll.scrollLeft = scroll.scrollWidth; scroll.dataset.begun = "1"; }
  }

  function beyond(link, [down, right]) { // the next field that way, over those that have none: another run begins there
    let [row, column] = [link.closest("tr"), place(link)];
    for (;;) {
      if (down) row = down > 0 ? row.nextElementSibling : row.previousElementSibling;
      column += right;
      const cell = row?.cells[column];
      if (!cell || cell.matches("th")) return null;
      if (cell.querySelector("a")) return cell.querySelector("a");
    }
  }

  document.addEventListener("keydown", (event) => {
    const link = event.target.closest?.("table[data-steps] td a");
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (!link || !step) return;
    event.preventDefault();
    const to = beyond(link, step);
    if (!to) return;
    link.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  });
  count();
  begin();
})();
