// Live parts: an element with data-poll-url is fetched again once a second, while the page is visible; it stops when the
// new part no longer asks to be polled. 204 means that nothing is new. What a person is at in the part stays: the focus,
// the current row, opened menus, and how far it is scrolled.
"use strict";
(() => {
  const live = () => [...document.querySelectorAll("[data-poll-url]")];
  let pressed = false; // a button that is replaced between its going down and up is not clicked
  document.addEventListener("pointerdown", () => { pressed = true; }, true);
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => { pressed = false; }, true);

  function replace(old, part) {
    const active = old.contains(document.activeElement) ? document.activeElement : null;
    const href = active?.getAttribute("href");
    const opened = [...old.querySelectorAll("details[open][id]")].map((menu) => menu.id);
    const scrolled = [...old.querySelectorAll(".scroll[id]")].map((box) => [box.id, box.scrollLeft]);
    const row = old.querySelector("tr.current")?.dataset.href;
    old.replaceWith(part);
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    for (const [id, left] of scrolled) (document.getElementById(id) ?? {}).scrollLeft = left;
    if (row) [...part.querySelectorAll("tr[data-href]")].find((found) => found.dataset.href === row)?.classList.add("current");
    const focused = active?.id ? document.getElementById(active.id) : href && part.querySelector(`a[href="${CSS.escape(href)}"]`);
    if (focused) focused.focus({ preventScroll: true });
  }

  async function refresh(element) {
    const response = await fetch(element.dataset.pollUrl, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (response.status === 204 || !element.isConnected || pressed) return undefined;
    if (!response.ok) throw new Error(`${response.status}`);
    const part = new DOMParser().parseFromString(await response.text(), "text/html").body.firstElementChild;
    replace(element, document.adoptNode(part));
    return part;
  }

  async function refreshAll() { // changes in several parts are announced once
    const fresh = [];
    for (const element of live()) {
      try {
        fresh.push(await refresh(element));
        element.classList.remove("stale");
      } catch {
        element.classList.add("stale"); // the server is away: the last state stays, dimmed, until it answers again
      }
    }
    const changed = fresh.filter(Boolean);
    if (changed.length) document.dispatchEvent(new CustomEvent("livechange"));
    if (changed.some((part) => !part.dataset.pollUrl)) await refreshTheRest().catch(() => {});
  }

  async function refreshTheRest() { // what says at the edge of the page that something is still going on
    const response = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const old of document.querySelectorAll("[data-refresh-after-run]")) {
      const fresh = page.getElementById(old.id);
      if (fresh && !old.contains(document.activeElement)) old.replaceWith(document.adoptNode(fresh));
    }
    document.dispatchEvent(new CustomEvent("pagechange")); // charts may have come
  }

  async function tick() {
    if (document.visibilityState === "visible") await refreshAll();
    setTimeout(tick, 1000);
  }
  setTimeout(tick, 1000);
})();
