// Buttons copy: one with data-copy that text, one with data-copies the text of the element with that id. Without the clipboard's
// interface, which browsers only give to loopback and https, the text is selected and copied as by hand. What happened is shown at the
// button, and said to screen readers by a live region.
"use strict";
(() => {
  const status = document.createElement("span");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  document.body.append(status);

  function select(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  function shown(button) { // an element with the text, to be selected
    if (button.dataset.copies) return document.getElementById(button.dataset.copies);
    const element = button.parentElement.querySelector(":scope > .to-copy") ?? document.createElement("output");
    element.className = "to-copy mono";
    element.textContent = button.dataset.copy;
    button.after(element);
    return element;
  }

  async function copy(button) {
    const text = button.dataset.copy ?? document.getElementById(button.dataset.copies).textContent;
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const element = shown(button);
    select(element);
    if (!document.execCommand("copy")) throw new Error("not copied");
    if (element.matches(".to-copy")) element.remove();
  }

  function say(button, words) {
    status.textContent = words;
    button.dataset.said = words;
    setTimeout(() => { delete button.dataset.said; status.textContent = ""; }, 2000);
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies], [data-copy]");
    if (!button) return;
    try {
      await copy(button);
      say(button, "Copied");
    } catch {
      select(shown(button));
      say(button, "Selected: press Ctrl+C");
    }
  });
})();
