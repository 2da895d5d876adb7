// How a log is: tiles, what waits for somebody, the verdict.

Object.assign(ANSWERS, {
  alarm: ["alarm", "M8 3.5V9.5M8 12V12.6", "bad"],
  quiet: ["quiet", "M3.5 8.5 6.5 11.5 12.5 4.5", "good"],
  due: ["due", "M8 4V9M8 11.5V12", "open"],
});

/** The sentence of a verdict by its exit code. */
const EXITS = { 0: ["verified", "verified"], 1: ["failed", "FAILED"], 3: ["unverified", "nothing failed"] };

/** The questions with this answer. */
const by = (answers, status) => Object.keys(QUESTIONS).filter((name) => answers[name] === status).join(", ");

/** A report in a sentence. */
function sentenceOf(report) {
  const answers = Object.fromEntries(Object.entries(report.verdict).map(([name, one]) => [name, one.status]));
  const [, word] = EXITS[report.exit] ?? EXITS[3];
  const shown = report.exit === 1 ? by(answers, "failed") : `${by(answers, "verified") || "nothing"} verified`;
  return `${word}: ${shown}; ${counted(report.receipts, "receipt", "receipts")}`;
}

function tile(name, value, ...more) {
  return el("div", { class: "tile" }, el("h3", {}, name), el("p", { class: "value" }, value), ...more.filter(Boolean).map((one) => (typeof one === "string" ? el("p", { class: "gloss" }, one) : one)));
}

/** A number that is good when it is 0. */
const toned = (number, status) => (number === 0 ? answer("quiet", "none") : answer(status, count(number)));

function tiles(overview, judge) {
  const { now, checkpoint, flow, rate, verdict } = overview;
  const last = overview.last_sealed_at;
  const [status, word] = verdict ? (EXITS[verdict.exit] ?? EXITS[3]) : ["not_applicable", "none was made"];
  const actions = Object.entries(overview.actions);
  const odd = [
    overview.unclean_starts > 0 && `${counted(overview.unclean_starts, "start", "starts")} after an end without order`,
    overview.clock_anomalies > 0 && `${counted(overview.clock_anomalies, "time", "times")} the clock went back`,
    overview.unreadable > 0 && `${counted(overview.unreadable, "receipt", "receipts")} cannot be read`,
    overview.deleted > 0 && `${counted(overview.deleted, "receipt's", "receipts'")} bytes are deleted`,
  ].filter(Boolean);
  return [
    tile("Health", overview.writing ? answer("quiet", "open for writing") : answer("due", "not open for writing"), odd.length === 0 ? "No end without order, no clock that went back, nothing unreadable." : `${odd.join("; ")}.`),
    tile("Receipts", count(overview.size), last ? `The last one ${ago(last, now)}, ${seconds(last)}.` : ""),
    tile("Live rate", el("span", {}, count(flow.receipts_last_minute), el("small", {}, " a minute")), `Of them ${counted(flow.decisions_last_minute, "decision", "decisions")}. The last hour:`, drawMinutes(240, flow.receipts_by_minute)),
    tile("Checkpoint", checkpoint ? el("span", {}, count(checkpoint.size), el("small", {}, ` of ${count(overview.size)}`)) : "none yet",
      checkpoint?.covers_until && `Covers what was sealed until ${seconds(checkpoint.covers_until)}, ${ago(checkpoint.covers_until, now)}.`,
      checkpoint && (checkpoint.behind === 0 ? "Nothing is behind it." : `${counted(checkpoint.behind, "receipt is", "receipts are")} behind it${checkpoint.behind_since ? `, the first since ${ago(checkpoint.behind_since, now).replace(" ago", "")}` : ""}.`)),
    tile("Verdict of the keeper's own", answer(status, word),
      verdict && `Verified: ${by(verdict.answers, "verified") || "nothing"}; unverified: ${by(verdict.answers, "unverified") || "nothing"}.`,
      verdict ? `${ago(verdict.made_at, now)}, of ${counted(verdict.receipts, "receipt", "receipts")}; ${counted(Math.max(0, overview.size - verdict.receipts), "has", "have")} come since.` : "None since the service was started.",
      judge),
    tile("Rejected or escalated", rate.observations === 0 ? "no decision" : percent(rate.events / rate.observations),
      rate.observations > 0 && `${count(rate.events)} of ${counted(rate.observations, "decision", "decisions")}; between ${percent(rate.lower)} and ${percent(rate.upper)}, whenever one looks, with ${percent(1 - rate.alpha)}.`,
      actions.length > 0 && el("p", { class: "gloss" }, actions.map(([name, number]) => `${name.replaceAll("_", " ")} ${count(number)}`).join(" · "))),
    tile("Open intents", toned(overview.open_intents.count, "due"), "Tool calls that were announced and have no outcome."),
    tile("Gaps", toned(overview.gaps.count, "alarm"), overview.gaps.count > 0 && `${counted(overview.gaps.lost, "record is", "records are")} known to be lost.`),
    tile("Reviews due", toned(overview.reviews_due.count, "due"), "Escalated decisions that nobody reviewed."),
    tile("Incident reports due", toned(overview.incidents_due.count, "due")),
  ];
}

/** A list of things that wait; nothing where there are none. */
function waiting(name, all, heads, rows) {
  if (rows.length === 0) return [];
  const shown = rows.length < all ? `${count(rows.length)} of ${count(all)}` : count(all);
  return [
    el("h3", {}, name, " ", el("span", { class: "gloss inline" }, `(${shown})`)),
    scroll(name, el("table", { class: "stack" },
      el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell, place) => el("td", { "data-name": heads[place] }, cell))))))),
  ];
}

function waitingOf({ open_intents: intents, gaps, reviews_due: reviews, incidents_due: incidents }) {
  const parts = [
    ...waiting("Open intents", intents.count, ["Receipt", "Tool", "Call", "Trace"], intents.listed.map((one) => [receiptLink(one.seq), said(one.tool), said(one.call_id), said(one.trace_id)])),
    ...waiting("Gaps", gaps.count, ["Receipt", "From", "To", "Lost", "Reason"], gaps.listed.toReversed().map((one) => [receiptLink(one.seq), seconds(one.from), seconds(one.to), one.lost === null ? "unknown" : count(one.lost), said(one.reason)])),
    ...waiting("Reviews due", reviews.count, ["Receipt", "Sealed at"], reviews.listed.map((one) => [receiptLink(one.seq), seconds(one.sealed_at)])),
    ...waiting("Incident reports due", incidents.count, ["Receipt", "Category", "At the latest", "State"], incidents.listed.map((one) => [receiptLink(one.seq), said(one.category), seconds(one.deadline), one.state.replaceAll("_", " ")])),
  ];
  const beyond = intents.not_followed + reviews.not_followed + incidents.not_followed;
  if (beyond > 0) parts.push(el("p", { class: "caution" }, `${counted(beyond, "receipt", "receipts")} came while too much was open, and is not among these.`));
  return parts.length > 0 ? parts : [el("p", {}, "Nothing waits.")];
}

/** A whole verdict, with whose word it is. */
function verdictOf(report) {
  const [status] = EXITS[report.exit] ?? EXITS[3];
  const answers = Object.entries(report.verdict).map(([name, one]) => ({ name, ...one }));
  return [
    el("h3", { id: "verdict-title", tabindex: "-1" }, "The keeper's own verdict"),
    el("p", { class: `headline ${ANSWERS[status][2]}` }, answer(status, sentenceOf(report))),
    el("p", { class: "caution" }, "The service verified its own log, with the key line that it keeps beside it. Whoever does not trust the service has no reason to trust this."),
    el("table", { class: "stack answers" },
      el("thead", {}, el("tr", {}, ...["Question", "Answer", "Why"].map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, ...answers.map((one) => el("tr", {},
        el("th", { scope: "row" }, one.name, el("span", { class: "gloss" }, QUESTIONS[one.name] ?? "")),
        el("td", {}, answer(one.status)),
        el("td", {}, ...why(one)))))),
    ...(report.remarks ?? []).map((text) => el("p", { class: "aside" }, said(text))),
  ];
}
