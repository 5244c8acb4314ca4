// The keyboard: every element with data-key is pressed by its key ("g h" is g, then h); rows with data-href are walked
// with j and k, opened with Enter or a click, selected with x; d sends the selection, / goes to the filter, ? lists all keys.
"use strict";
(() => {
  let pending = "";
  const rows = () => [...document.querySelectorAll("tr[data-href]")];
  const current = () => document.querySelector("tr.current");
  const isTyping = (element) => element.closest("input:not([type=checkbox], [type=radio], [type=range]), select, textarea, [contenteditable]");

  function walk(step) {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(current());
    const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))];
    current()?.classList.remove("current");
    next.classList.add("current");
    next.scrollIntoView({ block: "nearest" });
    next.querySelector("a, input")?.focus({ preventScroll: true });
  }

  function open(row, elsewhere) { // as its link would be opened: in place, if that one is
    const { href } = row.dataset;
    const link = [...row.querySelectorAll("a")].find((found) => found.getAttribute("href") === href);
    if (elsewhere) window.open(href, "_blank", "noopener");
    else if (link) link.click();
    else location.assign(href);
  }

  // What in a row does something of its own, and text that is being selected, does not open the row.
  const OWN = "a, button, input, select, textarea, label, summary, [data-copies]";
  const rowAt = (event) => (event.target.closest(OWN) || event.defaultPrevented || getSelection().type === "Range" ? null : event.target.closest("tr[data-href]"));

  function press(key) {
    const element = [...document.querySelectorAll("[data-key]")].find((candidate) => candidate.dataset.key === key);
    if (!element) return false;
    if (element.matches("input, select, textarea")) { element.focus(); element.select?.(); } else element.click();
    return true;
  }

  const own = {
    j: () => walk(1),
    k: () => walk(-1),
    x: () => current()?.querySelector("input[type=checkbox]")?.click(),
    Enter: () => current() && open(current()),
  };

  document.addEventListener("click", (event) => {
    const row = rowAt(event);
    if (row) open(row, event.ctrlKey || event.metaKey || event.shiftKey);
  });
  document.addEventListener("auxclick", (event) => {
    const row = event.button === 1 && rowAt(event);
    if (row) open(row, true);
  });
  document.addEventListener("pointerover", (event) => { // says what a click will do
    const row = event.target.closest("tr[data-href]:not([title])");
    if (row) row.title = `Open ${row.querySelector("th[scope=row]")?.innerText.trim() || "this row"}`;
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (isTyping(event.target)) { if (event.key === "Escape") event.target.blur(); return; }
    if (event.key === "Enter" && event.target.closest("button, summary, a:not(tr.current a)")) return;
    const key = pending ? `${pending} ${event.key}` : event.key;
    pending = !pending && event.key === "g" ? "g" : "";
    if (pending) { setTimeout(() => { pending = ""; }, 1200); return; }
    if (press(key) || (own[key] && (own[key](), true))) event.preventDefault();
  });
})();
