// Charts: each .chart with data-figure-url stands in the page as the server drew it. Once it is touched (by pointer, focus
// or its button) plotly.js is fetched, once for all, and takes its place with the same figure, in the colours of the theme.
"use strict";
(() => {
  const { plotly: source, styles: stylesheet } = document.querySelector("script[data-plotly]").dataset;
  const styles = getComputedStyle(document.documentElement);
  const both = (name) => styles.getPropertyValue(`--${name}`).match(/#[0-9a-f]{6}/g); // of the stylesheet: light, dark
  const colour = (name) => both(name)[window.weightbase.isDark() ? 1 : 0];
  const series = [1, 2, 3, 4, 5, 6, 7].map((number) => `series-${number}`);
  const scale = Array.from({ length: 21 }, (_, step) => (step === 10 ? "page" : `w${step - 10}`));
  const options = { displayModeBar: false, responsive: true, displaylogo: false };
  const DWELL = 150; // milliseconds that a pointer rests on a chart: to cross one is not to touch it
  let loading;

  function plotly() {
    loading ??= Promise.all([
      loaded("link", { rel: "stylesheet", id: "plotly.js-style-global", href: stylesheet }), // plotly.js fills it, as it is there
      loaded("link", { rel: "preload", as: "script", href: source }),
    ]).then(() => loaded("script", { src: source })).then(() => window.Plotly);
    return loading;
  }

  function loaded(tag, attributes) {
    return new Promise((resolve, reject) => {
      const element = Object.assign(document.createElement(tag), attributes);
      element.onload = resolve;
      element.onerror = () => reject(new Error("the chart library could not be loaded"));
      document.head.append(element);
    });
  }

  function themed(figure, columns) {
    const [ink, muted, line, page] = ["ink", "muted", "line", "page"].map(colour);
    const named = figure.layout.showlegend ?? figure.data.length > 1;
    const axis = { gridcolor: line, linecolor: line, zerolinecolor: muted, tickcolor: line, automargin: true };
    const layout = {
      ...figure.layout, height: undefined, width: undefined, autosize: true,
      paper_bgcolor: page, plot_bgcolor: page, colorway: series.map(colour),
      font: { color: ink, family: getComputedStyle(document.body).fontFamily, size: 12 },
      hoverlabel: { bgcolor: page, bordercolor: line, font: { color: ink }, namelength: -1 },
      modebar: { bgcolor: "transparent" },
      coloraxis: { ...figure.layout.coloraxis, colorscale: scale.map((name, step) => [step / (scale.length - 1), colour(name)]) },
      margin: { l: 12, r: 12, t: named ? 28 : 12, b: 10 },
      showlegend: named,
      legend: { orientation: "h", y: 1, yanchor: "bottom", x: 0, xanchor: "left", bgcolor: "transparent" },
    };
    const panels = figure.layout.grid?.columns;
    if (panels) layout.grid = { ...figure.layout.grid, rows: Math.ceil(panels / columns), columns };
    for (const name of Object.keys(layout)) {
      if (/^[xy]axis\d*$/.test(name)) layout[name] = { ...axis, tickmode: "auto", ...layout[name], title: { font: { size: 12, color: muted }, standoff: 6, ...layout[name].title } };
    }
    layout.xaxis ??= axis;
    layout.yaxis ??= axis;
    return { data: recoloured(structuredClone(figure.data)), layout };
  }

  function recoloured(data) { // the figures name light colours; a thing keeps its hue in the dark
    if (!window.weightbase.isDark()) return data;
    const inTheDark = Object.fromEntries(["negative", "positive", ...series].map(both));
    return JSON.parse(JSON.stringify(data), (_, value) => (typeof value === "string" && inTheDark[value]) || value);
  }

  async function draw(chart) {
    const library = await plotly();
    const drawing = chart.querySelector(".drawing, .chart-note");
    if (drawing) makeRoom(chart, drawing);
    const figure = themed(chart.figure, chart.columns ?? 1);
    await library.react(chart, figure.data, figure.layout, options);
    chart.classList.remove("busy");
    if (!chart.leads) chart.on("plotly_click", ({ points }) => follow(chart, points[0].customdata));
    chart.leads = true;
  }

  function makeRoom(chart, drawing) { // what comes is as high, and has as many panels in a row, as what was there
    const panels = [...drawing.querySelectorAll(".panel")];
    chart.columns = new Set(panels.map((panel) => Math.round(panel.getBoundingClientRect().left))).size || 1;
    if (panels.length > 1) chart.style.height = `${chart.offsetHeight}px`;
    if (!panels.length) chart.classList.remove("undrawn");
    drawing.remove();
  }

  function follow(chart, number) { // points may lead somewhere: layout.meta.leads is the address, {} in place of a number
    const address = chart.figure.layout.meta?.leads;
    if (address && Number.isInteger(number)) location.assign(address.replace("{}", number));
  }

  function fail(chart, error) {
    chart.classList.remove("busy");
    if (chart.figure || chart.querySelector(".drawing")) return; // the old chart is better than none
    chart.replaceChildren(Object.assign(document.createElement("p"), { className: "chart-note", textContent: `This chart could not be drawn: ${error.message}.` }));
  }

  // Of each chart one answer at most is awaited, so that an older one never comes after a newer one. What changes
  // meanwhile is fetched after it; another address takes its place.
  async function load(chart) {
    const url = addressOf(chart);
    if (chart.awaited?.url === url) return;
    chart.awaited?.stop.abort();
    const awaited = { url, stop: new AbortController() };
    Object.assign(chart, { awaited, outdated: false });
    chart.classList.toggle("busy", Boolean(chart.figure));
    try {
      await fetchAndShow(chart, awaited);
    } catch (error) {
      if (chart.awaited === awaited) fail(chart, error);
    }
    if (chart.awaited !== awaited) return;
    chart.awaited = undefined;
    if (chart.outdated) loadInView(chart);
  }

  function addressOf(chart) { // of the figure for Plotly, or of the figure as the server draws it
    const url = chart.dataset.figureUrl;
    return chart.touched ? url : url.replace(/\.figure(?=\?|$)/, ".drawing");
  }

  async function fetchAndShow(chart, { url, stop }) {
    const known = chart.shownUrl === url && chart.etag ? { "If-None-Match": chart.etag } : {};
    const accepted = chart.touched ? "application/json" : "text/html";
    const response = await fetch(url, { headers: { Accept: accepted, ...known }, signal: stop.signal });
    if (response.status === 304) { // the very figure that is drawn
      chart.classList.remove("busy");
      return;
    }
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const etag = response.headers.get("ETag");
    if (chart.touched) {
      Object.assign(chart, { figure: await response.json(), shownUrl: url, etag });
      await draw(chart);
    } else {
      const drawing = new DOMParser().parseFromString(await response.text(), "text/html").body.firstElementChild;
      Object.assign(chart, { shownUrl: url, etag });
      chart.classList.toggle("undrawn", !drawing.querySelector(".panel"));
      chart.classList.toggle("multiple", drawing.querySelectorAll(".panel").length > 1);
      chart.replaceChildren(document.adoptNode(drawing));
    }
  }

  function touch(chart) {
    if (chart.touched || !chart.isConnected) return;
    chart.touched = true;
    document.querySelector(`[data-touches="${CSS.escape(chart.id)}"]`)?.remove();
    load(chart);
  }

  function loadInView(chart) { // others once they come into view
    if (chart.inView && chart.isConnected) load(chart);
  }

  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      target.inView = isIntersecting;
      const isOther = target.shownUrl && target.shownUrl !== addressOf(target);
      if (target.outdated || isOther) loadInView(target);
    }
  }, { rootMargin: "300px" });
  const all = () => document.querySelectorAll(".chart[data-figure-url]");
  const watch = () => all().forEach((chart) => { seen.unobserve(chart); seen.observe(chart); });
  const chartOf = (event) => event.target.closest?.(".chart[data-figure-url]");

  document.addEventListener("pointerover", (event) => {
    const chart = chartOf(event);
    if (!chart || chart.touched) return;
    clearTimeout(chart.dwelling);
    chart.dwelling = setTimeout(() => { if (chart.matches(":hover")) touch(chart); }, DWELL);
  });
  document.addEventListener("focusin", (event) => { if (chartOf(event)) touch(chartOf(event)); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-touches]");
    const chart = button ? document.getElementById(button.dataset.touches) : !event.target.closest("a") && chartOf(event);
    if (chart) touch(chart);
  });
  document.addEventListener("themechange", () => all().forEach((chart) => chart.figure && draw(chart)));
  document.addEventListener("livechange", () => all().forEach((chart) => {
    if (!("live" in chart.dataset)) return;
    chart.outdated = true;
    loadInView(chart);
  }));
  document.addEventListener("pagechange", watch);
  document.addEventListener("change", (event) => { // bins, log axis: the controls above a chart change its address
    const form = event.target.closest("form[data-chart]");
    if (!form) return;
    const chart = document.getElementById(form.dataset.chart);
    const url = new URL(chart.dataset.figureUrl, location.href);
    for (const field of form.elements) if (field.name) url.searchParams.set(field.name, field.type === "checkbox" ? (field.checked ? "1" : "") : field.value);
    chart.dataset.figureUrl = url.pathname + url.search;
    for (const link of chart.closest("figure").querySelectorAll(".exports a")) link.search = url.search;
    load(chart);
  });
  watch();
})();
