// Elements out of texts, and texts that hide nothing. Markup is never made out of a text.

/** The element with this id. */
const at = (id) => document.getElementById(id);

/** An element with attributes and children; texts become text nodes. */
function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same in SVG. */
function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

// Controls, direction marks, what joins or has no width, variation selectors, tags, halves of pairs:
// what a reader would not see, or see elsewhere than it stands.
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff]|[\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;

/** Longest text that is shown at once, in UTF-16 units. */
const LONGEST = 4000;

/**
 * A text as nodes: what cannot be seen is shown as its number, what is long is cut with a button that
 * shows the rest. `lines` leaves line feeds and tabs as they are.
 */
function visible(text, { lines = false, longest = LONGEST } = {}) {
  const all = String(text);
  if (all.length <= longest) return pieces(all, lines);
  // Not through the middle of a pair.
  const end = /[\ud800-\udbff]/.test(all[longest - 1]) ? longest - 1 : longest;
  const shown = pieces(all.slice(0, end), lines);
  const rest = el("button", { type: "button", class: "rest" }, `show all ${count(all.length)} characters`);
  rest.addEventListener("click", () => rest.replaceWith(pieces(all.slice(end), lines)));
  shown.append("… ", rest);
  return shown;
}

function pieces(text, lines) {
  const shown = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (lines && (match[0] === "\n" || match[0] === "\t")) continue;
    shown.append(text.slice(from, match.index), mark(match[0].codePointAt(0)));
    from = match.index + match[0].length;
  }
  shown.append(text.slice(from));
  return shown;
}

function mark(point) {
  const number = point.toString(16).toUpperCase().padStart(4, "0");
  return el("span", { class: "hidden-character", title: "a character that cannot be seen" }, `U+${number}`);
}

/** The same in one string, for attributes. */
const plain = (text) => {
  const cut = String(text).slice(0, 200);
  return cut.replace(HIDDEN, (found) => `U+${found.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`);
};

/** A text of somebody else, kept apart from the direction of what is around it. */
const said = (text, options) => el("bdi", {}, visible(text, options));

/** Something to copy: hashes, keys, ids. */
const code = (text) => el("code", {}, visible(text));

/** A whole number with thin spaces between thousands; one that came as a text stays exact. */
const count = (number) => String(number).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");

/** So many things, in words. */
const counted = (number, one, many) => `${count(number)} ${String(number) === "1" ? one : many}`;

/** A size for people. */
function bytes(size) {
  const units = ["bytes", "KB", "MB", "GB"];
  let unit = 0;
  let shown = size;
  while (shown >= 1000 && unit < units.length - 1) [shown, unit] = [shown / 1000, unit + 1];
  return unit === 0 ? counted(size, "byte", "bytes") : `${shown.toFixed(shown < 10 ? 1 : 0)} ${units[unit]}`;
}

/** RFC 3339 to the second, for lists. */
const seconds = (time) => time.replace("T", " ").replace(/(\.\d+)?Z$/, "");

/** The answers: word, symbol, class. The symbol never stands without the word. */
const ANSWERS = {
  verified: ["verified", "M3.5 8.5 6.5 11.5 12.5 4.5", "good"],
  failed: ["FAILED", "M4 4 12 12M12 4 4 12", "bad"],
  unverified: ["unverified", "M8 4V9M8 11.5V12", "open"],
  not_applicable: ["not applicable", "M4 8H12", "none"],
  deleted: ["deleted", "M4 8H12", "none"],
};

/** An answer as symbol and word. */
function answer(status, word) {
  const [name, shape, tone] = ANSWERS[status] ?? [status, "M4 8H12", "none"];
  const symbol = svg("svg", { viewBox: "0 0 16 16", width: "16", height: "16", "aria-hidden": "true" },
    svg("path", { d: shape, fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round" }));
  return el("span", { class: `answer ${tone}` }, symbol, el("span", {}, word ?? name));
}
