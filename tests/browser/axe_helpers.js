// What a test of accessibility asks axe-core for, next to it in the page.
"use strict";
window.found = async (context, options) => {
  if (context.include && !context.include.length) return [];
  const { violations } = await axe.run(context, { resultTypes: ["violations"], ...options });
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary.slice(0, 300)}`));
};

// What an element's colours follow from: its classes and states, and those of all that it is in.
window.place = (element) => {
  const own = [];
  for (let one = element; one !== document.body; one = one.parentElement) {
    const states = [...one.attributes].filter(({ name }) => /^(class|disabled|type|aria-(?!label|describ|controls))/.test(name));
    own.push([one.localName, ...states.map(({ value }) => value)].join("."));
  }
  return own.join(" ");
};

// The places with words of their own that are not among those seen; `newOnes` has one element of each.
window.newPlaces = (seen) => {
  const known = new Set(seen);
  const places = [];
  window.newOnes = [];
  for (const element of document.querySelectorAll("body *")) {
    const hasWords = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const where = hasWords && window.place(element);
    if (!where || known.has(where) || !element.checkVisibility()) continue;
    known.add(where);
    places.push(where);
    window.newOnes.push(element);
  }
  return places;
};
