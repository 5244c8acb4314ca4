// The network form: the buttons that change layers and presets send the form as they would without script, and what
// comes back replaces the form in place; while a person types, the preview next to it follows.
"use strict";
(() => {
  const form = () => document.getElementById("definition");
  let waiting;
  let sent = 0;

  async function send(url, action) {
    const data = new FormData(form());
    if (action) data.set("action", action);
    const response = await fetch(url, { method: "POST", body: new URLSearchParams(data), headers: { Accept: "text/html" } });
    return new DOMParser().parseFromString(await response.text(), "text/html");
  }

  function focusAfter(action) {
    const [, verb, number] = /^(.*?)-?(\d*)$/.exec(action);
    const layers = form().querySelectorAll("[data-layer]");
    const at = { "add-layer": layers.length - 1, "move-up": number - 1, "move-down": Number(number) + 1, "remove-layer": Math.min(number, layers.length - 1) }[verb];
    const wanted = layers[Math.max(0, at)]?.querySelector("input") ?? form().querySelector(`[value="${CSS.escape(action)}"]`);
    (action === "add-field" ? [...form().querySelectorAll("[data-free-field] input")].at(-2) : wanted)?.focus();
  }

  async function change(action) {
    const open = [...form().querySelectorAll("details")].map((details) => details.open);
    const page = await send(form().getAttribute("action"), action);
    const fresh = page.getElementById("definition");
    if (!fresh) throw new Error("no form came back");
    ++sent;
    form().replaceWith(document.adoptNode(fresh));
    form().querySelectorAll("details").forEach((details, index) => { details.open ||= open[index]; });
    focusAfter(action);
  }

  // form().dataset would be the field of that name.
  async function preview() {
    const number = ++sent;
    const box = document.getElementById("preview");
    box.classList.add("stale");
    const page = await send(form().getAttribute("data-preview-url"));
    const fresh = page.getElementById("preview");
    if (number !== sent || !fresh) return;
    document.getElementById("preview").replaceWith(document.adoptNode(fresh));
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("#definition button[name=action]");
    if (!button || button.value === "create") return;
    event.preventDefault();
    clearTimeout(waiting); // a preview of the form as it was must not come after the one that changes it
    change(button.value).catch(() => form().requestSubmit(button));
  });
  document.addEventListener("input", (event) => {
    if (!event.target.closest("#definition")) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => preview().catch(() => document.getElementById("preview").classList.remove("stale")), 150);
  });
})();
