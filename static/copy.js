// Buttons with data-copies copy the text of the element with that id. Without the clipboard's interface, which browsers only give to
// loopback and https, the text is selected and copied as by hand.
"use strict";
(() => {
  function select(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  async function copy(element) {
    if (navigator.clipboard) return navigator.clipboard.writeText(element.textContent);
    select(element);
    if (!document.execCommand("copy")) throw new Error("not copied");
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    const element = document.getElementById(button.dataset.copies);
    try {
      await copy(element);
      button.textContent = "Copied";
    } catch {
      select(element);
      button.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
})();
