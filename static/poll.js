// Live parts: an element with data-poll-url is fetched anew once a second, while the page is visible, with since= the
// last epoch that it has; it stops when the new part no longer asks to be polled. 204 means that nothing is new.
"use strict";
(() => {
  const live = () => [...document.querySelectorAll("[data-poll-url]")];

  async function refresh(element) {
    const url = new URL(element.dataset.pollUrl, location.href);
    if (element.dataset.since) url.searchParams.set("since", element.dataset.since);
    const response = await fetch(url, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (response.status === 204 || !element.isConnected) return;
    if (!response.ok) throw new Error(`${response.status}`);
    const part = new DOMParser().parseFromString(await response.text(), "text/html").body.firstElementChild;
    const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
    element.replaceWith(part);
    if (focused) document.getElementById(focused)?.focus();
    document.dispatchEvent(new CustomEvent("livechange", { detail: { done: !part.dataset.pollUrl } }));
    if (!part.dataset.pollUrl) await refreshTheRest();
  }

  async function refreshTheRest() { // what says at the edge of the page that something is still going on
    const response = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const old of document.querySelectorAll("[data-at-the-end]")) {
      const fresh = page.getElementById(old.id);
      if (fresh && !old.contains(document.activeElement)) old.replaceWith(document.adoptNode(fresh));
    }
    document.dispatchEvent(new CustomEvent("pagechange")); // charts may have come
  }

  async function tick() {
    if (document.visibilityState === "visible") {
      for (const element of live()) {
        try {
          await refresh(element);
          element.classList.remove("stale");
        } catch {
          element.classList.add("stale"); // the server is away: the last state stays, dimmed, until it answers again
        }
      }
    }
    setTimeout(tick, 1000);
  }
  setTimeout(tick, 1000);
})();
