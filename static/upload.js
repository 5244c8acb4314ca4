// An upload shows how much of the file is sent, then that the server reads it; other forms that take a while say so.
"use strict";
(() => {
  const MEGABYTE = 2 ** 20;
  let shown = location.pathname;
  const megabytes = (bytes) => `${(bytes / MEGABYTE).toFixed(bytes < 10 * MEGABYTE ? 1 : 0)} MB`;

  function status(form) {
    form.querySelector(".upload-status")?.remove();
    const box = document.createElement("div");
    box.className = "upload-status";
    box.setAttribute("role", "status");
    const words = document.createElement("p");
    const bar = document.createElement("progress");
    bar.setAttribute("aria-label", "Progress");
    box.append(words, bar);
    form.append(box);
    return { words, bar, box };
  }

  function refuse(form, message) {
    const { words, bar } = status(form);
    bar.remove();
    words.className = "error";
    words.textContent = message;
  }

  function show(request, form) { // the page that came back takes this one's place, without another request
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const fresh = document.adoptNode(page.querySelector("main"));
    for (const field of form.querySelectorAll("input[type=file]")) fresh.querySelector(`input[type=file][name="${field.name}"]`)?.replaceWith(field); // what is chosen stays chosen
    document.querySelector("main").replaceWith(fresh);
    document.title = page.title;
    if (request.responseURL !== location.href) history.pushState({}, "", request.responseURL);
    shown = location.pathname;
    scrollTo(0, 0);
    (fresh.querySelector("#problems") ?? fresh).focus?.();
  }

  function send(form) {
    const { words, bar } = status(form);
    const request = new XMLHttpRequest();
    const began = performance.now();
    request.upload.onprogress = (event) => {
      if (!event.lengthComputable) return;
      bar.max = event.total;
      bar.value = event.loaded;
      const left = ((performance.now() - began) / event.loaded) * (event.total - event.loaded) / 1000;
      words.textContent = `${megabytes(event.loaded)} of ${megabytes(event.total)} sent${left > 1 ? `, about ${Math.ceil(left)} s left` : ""}`;
    };
    request.upload.onload = () => { bar.removeAttribute("value"); words.textContent = "Reading the file …"; };
    request.onload = () => show(request, form);
    request.onerror = () => refuse(form, "The connection broke before the file was sent. Try again.");
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "text/html");
    request.send(new FormData(form));
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const files = [...form.querySelectorAll("input[type=file]")].flatMap((field) => [...field.files]);
    if (files.length && form.dataset.limitMb) {
      event.preventDefault();
      const limit = Number(form.dataset.limitMb);
      const size = files.reduce((sum, file) => sum + file.size, 0);
      const what = files.length > 1 ? "These files have" : "This file has";
      if (size > limit * MEGABYTE) refuse(form, `${what} ${megabytes(size)}; at most ${limit} MB are taken (WEIGHTBASE_MAX_UPLOAD_MB). Nothing was sent.`);
      else send(form);
    } else if (form.dataset.busy) {
      setTimeout(() => { status(form).words.textContent = form.dataset.busy; }, 500);
    }
  });
  addEventListener("pageshow", () => document.querySelectorAll(".upload-status").forEach((box) => box.remove()));
  addEventListener("popstate", () => { if (location.pathname !== shown) location.reload(); });
})();
