// Stepping without a new page: a link or GET form with data-swap is fetched and its main part put in place, so that
// the scripts and drawn charts stay alive. Address, title and history are those of the page that was requested. Where a
// key steps to a neighbour ([ ] { }), that page and its pictures are fetched ahead, while nothing else is going on.
"use strict";
(() => {
  const NEIGHBOURS = ["]", "[", "}", "{"];
  const FRESH = 60_000; // milliseconds: a newer version, or another best one, is seen after that
  let sent = 0;
  let rounds = 0;
  let last = NEIGHBOURS[0]; // the key of the last step: who goes one way is likely to go on
  const ahead = new Map(); // address -> when, and the promise of (address, text)

  async function request(url, priority = "auto") {
    const response = await fetch(url, { headers: { Accept: "text/html", "Weightbase-Swap": "1" }, priority });
    return { url: response.url, ok: response.ok, text: await response.text() };
  }

  const known = (url) => (ahead.get(url)?.at > Date.now() - FRESH ? ahead.get(url).page : undefined);

  async function fetchAhead() {
    const round = ++rounds;
    const link = (key) => [...document.querySelectorAll("a[data-swap]")].find((one) => one.dataset.key === key);
    for (const key of [last, ...NEIGHBOURS.filter((one) => one !== last)]) {
      const url = link(key)?.href;
      if (!url || known(url)) continue;
      const page = request(url, "low");
      ahead.set(url, { at: Date.now(), page });
      const answer = await page.catch(() => ({ ok: false }));
      if (!answer.ok) ahead.delete(url);
      if (round !== rounds) return; // another page is there
      if (answer.ok && key === last) prepare(answer);
    }
  }

  const parse = (text) => new DOMParser().parseFromString(text, "text/html");

  function prepare(answer) { // for the step that is likely: the page is parsed, and its pictures of the theme that is shown fetched
    const css = document.querySelector("main img.only-light")?.offsetParent ? "only-light" : "only-dark";
    answer.page = parse(answer.text);
    for (const image of answer.page.querySelectorAll(`main img.${css}`)) new Image().src = image.getAttribute("src");
  }

  function waitForIdle() {
    for (const [url, { at }] of ahead) if (at <= Date.now() - FRESH) ahead.delete(url);
    if (NEIGHBOURS.some((key) => document.querySelector(`a[data-swap][data-key="${key}"]`))) {
      (window.requestIdleCallback ?? setTimeout)(() => fetchAhead());
    }
  }

  function chartsToKeep(fresh) { // what takes their place in the new page -> the charts that were touched; others come drawn
    const kept = new Map();
    for (const chart of document.querySelectorAll("main .chart[id]")) {
      const successor = fresh.querySelector(`#${CSS.escape(chart.id)}`);
      if (!successor?.dataset.figureUrl || !chart.touched) continue;
      chart.dataset.figureUrl = successor.dataset.figureUrl;
      chart.setAttribute("aria-label", successor.getAttribute("aria-label") ?? "");
      fresh.querySelector(`[data-touches="${CSS.escape(chart.id)}"]`)?.remove();
      kept.set(successor, chart);
    }
    return kept;
  }

  function copyAttributes(old, fresh) {
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }

  const WHOLE = "form, input, select, textarea, .chart"; // with a state of their own, that of the old page

  const isSameKind = (old, fresh) => old.nodeName === fresh.nodeName && old.id === fresh.id && !old.matches?.(WHOLE);

  // Only what differs is changed, so that the browser has little to lay out again, and the focus stays where it is.
  function change(old, fresh, charts) {
    const chart = charts.get(fresh);
    if (chart) { if (chart !== old) old.replaceWith(chart); return; }
    if (old.isEqualNode(fresh)) return;
    if (!isSameKind(old, fresh)) { old.replaceWith(fresh); return; }
    if (old.nodeType !== Node.ELEMENT_NODE) { old.nodeValue = fresh.nodeValue; return; }
    copyAttributes(old, fresh);
    const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
    const isHere = (node) => node?.parentNode === old; // a chart may have moved elsewhere
    after.forEach((node, place) => {
      if (isHere(before[place])) change(before[place], node, charts);
      else old.insertBefore(charts.get(node) ?? node, before.slice(place).find(isHere) ?? null);
    });
    for (const left of before.slice(after.length).filter(isHere)) left.remove();
  }

  async function show(url, remember) {
    const number = ++sent;
    const main = document.querySelector("main");
    const response = await (known(url) ?? (main.setAttribute("aria-busy", "true"), request(url)));
    if (number !== sent) return;
    const page = response.page ?? parse(response.text);
    delete response.page; // its main part moves into this document
    const fresh = document.adoptNode(page.querySelector("main"));
    const focus = document.activeElement?.dataset?.key ?? "";
    change(main, fresh, chartsToKeep(fresh));
    document.title = page.title;
    if (remember) history.pushState({ swapped: true }, "", response.url);
    const again = document.activeElement === document.body && focus;
    [...main.querySelectorAll("[data-key]")].find((element) => again && element.dataset.key === focus)?.focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("pagechange"));
    waitForIdle();
  }

  const swap = (url, remember = true) => show(new URL(url, location.href).href, remember).catch(() => location.assign(url));
  window.weightbase.swap = swap;

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (NEIGHBOURS.includes(link.dataset.key)) last = link.dataset.key;
    swap(link.href.baseVal ?? link.href); // a link in a drawing has an address of another kind
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[method=get][data-swap]")) return;
    event.preventDefault();
    swap(`${form.getAttribute("action").split("?")[0]}?${new URLSearchParams(new FormData(form, event.submitter))}`);
  });
  window.addEventListener("popstate", () => swap(location.href, false));
  history.replaceState({ swapped: true }, "");
  let isUsed = false; // nothing is fetched ahead for those who only look at the page
  for (const sign of ["pointermove", "pointerdown", "keydown"]) {
    window.addEventListener(sign, () => { if (!isUsed) { isUsed = true; waitForIdle(); } }, { capture: true, passive: true, once: true });
  }
})();
