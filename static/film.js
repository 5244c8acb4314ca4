// The film of a unit: Play steps through its versions four times a second, once, and only when a person presses it; left and right, and a
// click on a frame, show another version in place. Without a script the frames and steps are links.
"use strict";
(() => {
  const STEP = 250; // milliseconds
  let timer = 0;

  const film = () => document.querySelector("[data-film]");
  const frames = () => [...film().querySelectorAll(".frames a")];
  const place = (all) => all.findIndex((frame) => frame.hasAttribute("aria-current"));

  function draw(from, to) {
    if (to.matches(".pictured")) { to.setAttribute("viewBox", from.getAttribute("viewBox")); return; }
    const bars = to.querySelectorAll("rect");
    from.querySelectorAll("rect").forEach((bar, index) => {
      for (const name of ["x", "width", "class"]) bars[index].setAttribute(name, bar.getAttribute(name));
    });
  }

  function show(to) {
    const all = frames();
    const next = Math.max(0, Math.min(all.length - 1, to));
    const frame = all[next];
    all[place(all)]?.removeAttribute("aria-current");
    frame.setAttribute("aria-current", "true");
    const large = film().querySelector("svg.large");
    draw(frame.querySelector("svg"), large);
    large.setAttribute("aria-label", frame.dataset.words);
    film().querySelector("#frame-words").textContent = frame.dataset.words;
    const compare = film().querySelector("[data-film-compare]");
    compare.hidden = !frame.dataset.compare;
    if (frame.dataset.compare) compare.href = frame.dataset.compare;
    for (const step of film().querySelectorAll("[data-film-step]")) {
      const neighbour = all[next + Number(step.dataset.filmStep)];
      const set = neighbour ? { href: neighbour.href } : { role: "link", "aria-disabled": "true" };
      for (const name of ["href", "role", "aria-disabled"]) step.removeAttribute(name);
      for (const [name, value] of Object.entries(set)) step.setAttribute(name, value);
    }
    history.replaceState(history.state, "", frame.href);
    return next === all.length - 1;
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    const button = film()?.querySelector("[data-film-play]");
    if (!button) return;
    button.textContent = "Play";
    button.setAttribute("aria-pressed", "false");
  }

  function play(button) {
    const all = frames();
    if (place(all) === all.length - 1) show(0);
    button.textContent = "Pause";
    button.setAttribute("aria-pressed", "true");
    timer = setInterval(() => { if (show(place(frames()) + 1)) stop(); }, STEP);
  }

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const button = event.target.closest("[data-film-play]");
    if (button) { if (timer) stop(); else play(button); return; }
    const step = event.target.closest("[data-film-step]");
    const frame = event.target.closest("[data-film] .frames a");
    if (!step && !frame) return;
    event.preventDefault();
    stop();
    const all = frames();
    show(frame ? all.indexOf(frame) : place(all) + Number(step.dataset.filmStep));
  });
  document.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || !film() || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.target.closest("input, select, textarea, .scroll, dialog")) return;
    event.preventDefault();
    stop();
    show(place(frames()) + by);
  });
  document.addEventListener("pagechange", stop);
})();
