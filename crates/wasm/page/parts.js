// What both pages show alike: answers, facts, frames, links to receipts.

const QUESTIONS = {
  integrity: "Are these the bytes that were sealed, in this order, none missing between the first and the last?",
  attribution: "Was every receipt signed by the key that was valid for it, starting from the pinned key?",
  completeness: "Is everything there up to a checkpoint or a number that you brought?",
  time: "Is the time bounded by somebody other than the writer?",
  erasure: "Is gone what should be gone?",
};

/** The reason of an answer. */
function why(one) {
  if (one.status === "failed") {
    const where = one.receipt === undefined ? [] : ["at ", receiptLink(one.receipt), ": "];
    return [...where, said(one.reason)];
  }
  if (one.status === "unverified") return [said(one.why)];
  return [one.status === "verified" ? "It was checked and holds." : "The question does not arise."];
}

/** Fills a list with names and values, without those that are empty. */
function facts(target, pairs) {
  target.replaceChildren(
    ...pairs
      .filter(([, value]) => value !== undefined && value !== null && value !== "")
      .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  );
}

/** What may be wider than the window, in a frame of its own that the keyboard can move. */
const scroll = (label, child) => el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, child);

/** A button that shows the receipt with this number. */
function receiptLink(seq) {
  const button = el("button", { type: "button", class: "link", "data-seq": String(seq) }, `receipt ${count(seq)}`);
  return button;
}
