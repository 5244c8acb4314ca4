// In every page of the walk over all that can be clicked, before its own scripts: what listens, what a click changes,
// and what looks as if it could be clicked.
"use strict";
(() => {
  const hearing = new WeakSet();
  const add = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (type, ...more) {
    if (/^(click|pointerdown|pointerup|mousedown|mouseup)$/.test(type) && this instanceof Element) hearing.add(this);
    return add.call(this, type, ...more);
  };
  const ask = window.fetch;
  let awaited = 0;
  let happened = []; // since the last click
  window.fetch = async (...request) => {
    awaited += 1;
    happened.push("request");
    try { return await ask(...request); } finally { awaited -= 1; }
  };
  for (const type of ["change", "input", "submit", "toggle", "close", "invalid"]) add.call(window, type, () => happened.push(type), true);
  add.call(document, "DOMContentLoaded", () => new MutationObserver(() => happened.push("page"))
    .observe(document, { subtree: true, childList: true, attributes: true, characterData: true }));

  const OF_ITSELF = "a[href], button, summary, input:not([type=hidden]), select, textarea, [data-href], canvas, [tabindex='0']:not(.scroll, pre)";
  const hand = (element) => getComputedStyle(element).cursor === "pointer";
  const looksClickable = (element) => hand(element) && !hand(element.parentElement); // a cursor is inherited
  function parted(text) { // selectors, at the commas outside brackets
    const parts = [""];
    let depth = 0;
    for (const letter of text) {
      depth += "([".includes(letter) - ")]".includes(letter);
      if (letter === "," && !depth) parts.push(""); else parts[parts.length - 1] += letter;
    }
    return parts;
  }

  const rules = (list) => [...list].flatMap((rule) => (rule.cssRules?.length ? rules(rule.cssRules) : [rule.selectorText ?? ""]));
  const hovered = () => [...document.styleSheets].flatMap((sheet) => rules(sheet.cssRules)).flatMap(parted)
    .map((one) => one.replaceAll(":not(:hover)", "")).filter((one) => one.includes(":hover")).map((one) => one.replace(/:hover.*/, "") || "*");

  function names(element) { // of what kind it is, so that one of a kind is enough
    const data = [...element.attributes].map(({ name }) => name).filter((name) => name.startsWith("data-"));
    const within = element.parentElement.closest("[class]:not(.scroll), form, dialog");
    const place = within ? `${within.localName}.${within.className.baseVal ?? within.className}` : "";
    return [element.localName, element.className.baseVal ?? element.className, element.type ?? "", ...data, place].join(" ");
  }

  const SENT_AT_ONCE = "[data-submit-on-change], form[data-chart], #definition, [data-slider]";
  const isSent = (element) => { // by its form's button, by Enter, or as soon as it changes
    const buttons = element.form?.elements ? [...element.form.elements].some((one) => one.type === "submit") : false;
    return buttons || Boolean(element.closest(SENT_AT_ONCE)) || Boolean(element.form && element.matches("[type=search], [type=text]"));
  };

  const list = () => [...document.body.querySelectorAll("*")].filter((element) => element.checkVisibility() && !element.matches(".visually-hidden") && !element.closest("[inert]")
    && (element.matches(OF_ITSELF) || (hearing.has(element) && !element.matches("form")) || looksClickable(element)));

  window.walk = {
    // Everything that can, or looks as if it could, be clicked; within a link or button nothing is an element of its own.
    elements: () => list().map((element, index) => ({
      index, kind: names(element), html: element.cloneNode(false).outerHTML.slice(0, 160),
      href: element.matches("a") ? new URL(element.href.baseVal ?? element.href, location.href).href : "", // a drawing's link is another kind
      isDrawn: element instanceof SVGElement,
      isScripted: element.matches("a[data-swap], a[data-key]") && element.hasAttribute("data-swap"),
      isField: element.matches("input:not([type=submit], [type=button]), select, textarea"),
      isOff: element.matches(":disabled, [aria-disabled=true], form[inert] *"),
      isSent: isSent(element),
    })),
    // What changes under the pointer, but lies in nothing that can be clicked; a chart is, and becomes interactive.
    deadHovers: () => hovered().flatMap((selector) => [...document.querySelectorAll(selector)].filter((element) =>
      element.checkVisibility() && !element.closest(`${OF_ITSELF}, .chart, [aria-disabled=true]`) && !hearing.has(element) && !element.querySelector("a, button")).map((element) => `${selector}: ${element.cloneNode(false).outerHTML.slice(0, 160)}`)),
    // Of a row that leads somewhere, a cell without anything of its own is clicked.
    mark: (index) => {
      const element = list()[index];
      const cell = element.matches("tr") && [...element.cells].findLast((one) => !one.querySelector("a, button, input, select, summary"));
      (cell || element).setAttribute("data-walked", "");
    },
    begin: () => { happened = []; },
    settle: async () => {
      const frame = () => new Promise((done) => { requestAnimationFrame(done); });
      // An event may come some frames later on a busy machine: only where nothing happens is waited for so many.
      for (let frames = 0; frames < 2 || awaited || (!happened.length && frames < 120); frames += 1) await frame();
      return [...new Set(happened)];
    },
  };
})();
