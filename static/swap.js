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

  function keepCharts(fresh) {
    for (const chart of document.querySelectorAll("main .chart[id]")) {
      const successor = fresh.querySelector(`#${CSS.escape(chart.id)}`);
      if (!successor?.dataset.figureUrl || !chart.touched) continue; // others come drawn
      chart.dataset.figureUrl = successor.dataset.figureUrl;
      chart.setAttribute("aria-label", successor.getAttribute("aria-label") ?? "");
      successor.replaceWith(chart);
    }
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
    const scroll = main.querySelector(".scroll[id]");
    const left = scroll?.scrollLeft ?? 0;
    keepCharts(fresh);
    main.replaceWith(fresh);
    document.title = page.title;
    if (remember) history.pushState({ swapped: true }, "", response.url);
    if (scroll) (document.getElementById(scroll.id) ?? {}).scrollLeft = left;
    [...fresh.querySelectorAll("[data-key]")].find((element) => focus && element.dataset.key === focus)?.focus({ preventScroll: true });
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
