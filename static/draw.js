// A pen on a canvas: by mouse, finger, stylus or keys. Strokes are sent as points; the server draws them as its dataset's pictures.
"use strict";
(() => {
  const STEP = 4;
  const canvas = document.querySelector("canvas[data-draw]");
  if (!canvas) return;
  const form = canvas.closest("form");
  const pen = canvas.getContext("2d");
  const status = form.querySelector("[data-draw-status]");
  let strokes = JSON.parse(form.elements.strokes.value || "[]");
  let current = null;
  let cursor = null; // where the keys have moved the pen to
  let sent = 0;

  function paint() {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    const style = getComputedStyle(canvas);
    pen.strokeStyle = pen.fillStyle = style.color;
    pen.lineWidth = canvas.width / 16;
    pen.lineCap = pen.lineJoin = "round";
    for (const stroke of current ? [...strokes, current] : strokes) {
      pen.beginPath();
      pen.moveTo(...stroke[0]);
      for (const point of stroke) pen.lineTo(...point);
      pen.stroke();
    }
    if (!cursor) return;
    pen.strokeStyle = style.accentColor === "auto" ? style.color : style.accentColor;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(cursor[0], cursor[1], canvas.width / 32 + 3, 0, 2 * Math.PI);
    pen.stroke();
  }

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale].map((value) => Math.round(value * 10) / 10);
  };

  async function ask(nudge) {
    const number = ++sent;
    form.elements.strokes.value = JSON.stringify(strokes);
    const drawn = document.getElementById("drawn");
    if (!strokes.length) {
      drawn.replaceChildren();
      return;
    }
    const body = new FormData(form);
    if (nudge) body.set("move", nudge);
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById("drawn");
    if (number !== sent || !fresh) return;
    const focus = drawn.contains(document.activeElement) ? document.activeElement.value : "";
    drawn.replaceWith(document.adoptNode(fresh));
    fresh.querySelector(`button[value="${focus}"]`)?.focus();
  }

  function end() {
    if (current) strokes.push(current);
    current = null;
    paint();
    ask().catch(() => form.requestSubmit());
  }

  function clear() {
    strokes = [];
    current = null;
    paint();
    ask();
  }

  function undo() {
    strokes.pop();
    paint();
    ask();
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    cursor = null;
    current = [place(event)];
    paint();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!current || cursor) return;
    for (const one of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) current.push(place(one));
    paint();
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => current && !cursor && end());
  canvas.addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });

  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = moves[event.key];
    const known = move || [" ", "Backspace", "Escape"].includes(event.key);
    if (!known) return;
    event.preventDefault();
    event.stopPropagation();
    cursor ??= [canvas.width / 2, canvas.height / 2];
    if (event.key === "Backspace") return undo();
    if (event.key === "Escape") return clear();
    if (event.key === " ") {
      status.textContent = current ? "The pen is up." : "The pen is down.";
      if (current) return end();
      current = [[...cursor]];
      return paint();
    }
    const step = event.shiftKey ? 5 * STEP : STEP;
    cursor = [0, 1].map((axis) => Math.min(Math.max(cursor[axis] + step * move[axis], 0), canvas.width));
    if (current) current.push([...cursor]);
    paint();
  });
  canvas.addEventListener("blur", () => current && cursor && end());

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.drawDo === "clear") clear();
    else if (button?.dataset.drawDo === "undo") undo();
    else if (button?.name === "move") {
      event.preventDefault();
      ask(button.value);
    }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  document.addEventListener("themechange", paint);
  paint();
})();
