// Charts: each .chart with data-figure-url is drawn from the figure that the server computed, in the colours of the
// theme. The page is complete without: Plotly is fetched after it is painted, while the figures are on their way.
"use strict";
(() => {
  const source = document.querySelector("script[data-plotly]").dataset.plotly;
  const styles = getComputedStyle(document.documentElement);
  const both = (name) => styles.getPropertyValue(`--${name}`).match(/#[0-9a-f]{6}/g); // of the stylesheet: light, dark
  const colour = (name) => both(name)[window.weightbase.isDark() ? 1 : 0];
  const series = [1, 2, 3, 4, 5, 6, 7].map((number) => `series-${number}`);
  const scale = Array.from({ length: 21 }, (_, step) => (step === 10 ? "page" : `w${step - 10}`));
  const options = { displayModeBar: false, responsive: true, displaylogo: false };
  let loading;

  function plotly() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = source;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => reject(new Error("the chart library could not be loaded"));
      document.head.append(script);
    });
    return loading;
  }

  function themed(figure) {
    const [ink, muted, line, page] = ["ink", "muted", "line", "page"].map(colour);
    const named = figure.layout.showlegend ?? figure.data.length > 1;
    const axis = { gridcolor: line, linecolor: line, zerolinecolor: muted, tickcolor: line, automargin: true };
    const layout = {
      ...figure.layout, height: undefined, width: undefined, autosize: true,
      paper_bgcolor: page, plot_bgcolor: page, colorway: series.map(colour),
      font: { color: ink, family: getComputedStyle(document.body).fontFamily, size: 12 },
      hoverlabel: { bgcolor: page, bordercolor: line, font: { color: ink } },
      modebar: { bgcolor: "transparent" },
      coloraxis: { ...figure.layout.coloraxis, colorscale: scale.map((name, step) => [step / (scale.length - 1), colour(name)]) },
      margin: { l: 12, r: 12, t: named ? 28 : 12, b: 10 },
      showlegend: named,
      legend: { orientation: "h", y: 1, yanchor: "bottom", x: 0, xanchor: "left", bgcolor: "transparent" },
    };
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
    const figure = themed(chart.figure);
    chart.querySelector(".chart-note")?.remove();
    await library.react(chart, figure.data, figure.layout, options);
    chart.classList.remove("busy");
    if (!chart.leads) chart.on("plotly_click", ({ points }) => follow(chart, points[0].customdata));
    chart.leads = true;
  }

  function follow(chart, number) { // points may lead somewhere: layout.meta.leads is the address, {} in place of a number
    const address = chart.figure.layout.meta?.leads;
    if (address && Number.isInteger(number)) location.assign(address.replace("{}", number));
  }

  function fail(chart, error) {
    chart.classList.remove("busy");
    if (chart.figure) return; // the old chart is better than none
    chart.replaceChildren(Object.assign(document.createElement("p"), { className: "chart-note", textContent: `This chart could not be drawn: ${error.message}.` }));
  }

  // Of each chart one answer at most is awaited, so that an older one never comes after a newer one. What changes
  // meanwhile is fetched after it; another address takes its place.
  async function load(chart) {
    const url = chart.dataset.figureUrl;
    if (chart.awaited?.url === url) return;
    chart.awaited?.stop.abort();
    const awaited = { url, stop: new AbortController() };
    Object.assign(chart, { awaited, outdated: false });
    chart.classList.toggle("busy", Boolean(chart.figure));
    try {
      await fetchAndDraw(chart, awaited);
    } catch (error) {
      if (chart.awaited === awaited) fail(chart, error);
    }
    if (chart.awaited !== awaited) return;
    chart.awaited = undefined;
    if (chart.outdated) loadInView(chart);
  }

  async function fetchAndDraw(chart, { url, stop }) {
    const known = chart.drawnUrl === url && chart.etag ? { "If-None-Match": chart.etag } : {};
    const response = await fetch(url, { headers: { Accept: "application/json", ...known }, signal: stop.signal });
    if (response.status === 304) { // the very figure that is drawn
      chart.classList.remove("busy");
      return;
    }
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const figure = await response.json();
    Object.assign(chart, { figure, drawnUrl: url, etag: response.headers.get("ETag") });
    await draw(chart);
  }

  function loadInView(chart) { // others once they come into view
    if (chart.inView && chart.isConnected) load(chart);
  }

  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      target.inView = isIntersecting;
      if (target.outdated || target.drawnUrl !== target.dataset.figureUrl) loadInView(target);
    }
  }, { rootMargin: "300px" });
  const all = () => document.querySelectorAll(".chart[data-figure-url]");
  const watch = () => all().forEach((chart) => { seen.unobserve(chart); seen.observe(chart); });

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
