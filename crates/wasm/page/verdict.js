// The verdict: five answers, each in words, and what was found besides.

/** Shows the verdict of a run; gives the sentence that was shown first. */
function showVerdict(run, { answers, exit, manifest, other, brought, report }, took) {
  const by = (status) => answers.filter((one) => one.status === status).map((one) => one.name);
  const asked = ["integrity", "attribution", "completeness"];
  const [status, sentence] =
    exit === 1
      ? ["failed", `FAILED: ${by("failed").join(", ") || "integrity"}`]
      : exit === 0
        ? ["verified", `VERIFIED: ${by("verified").filter((name) => asked.includes(name)).join(", ")}`]
        : ["unverified", "UNVERIFIED: nothing failed, but not everything could be verified"];
  at("verdict-title").replaceChildren("Verdict on ", said(run.file.name));
  at("headline").replaceChildren(answer(status, sentence));
  at("headline").className = `headline ${ANSWERS[status][2]}`;
  const notes = [];
  if (other) notes.push(`This file is ${other}. The page takes packages only; the command ai-audit verify takes this.`);
  if (brought.keys.length === 0) {
    notes.push("You pinned no key. Attribution stays unverified: whoever made the package could have made the keys in it.");
  }
  at("headline-note").textContent = notes.join(" ");

  at("answers").tBodies[0].replaceChildren(
    ...answers.map((one) => el("tr", {},
      el("th", { scope: "row" }, one.name, el("span", { class: "gloss" }, QUESTIONS[one.name])),
      el("td", {}, answer(one.status)),
      el("td", {}, ...why(one)))),
  );
  showBrought(run, brought);
  showFacts(run.file, manifest, report, took);
  showFindings(report);
  return sentence;
}

/** Shows what the verdict counts on: as the verifier took it, not as it was typed. */
function showBrought(run, { keys, checkpoints, size, witnesses }) {
  const several = (shown, none) => (shown.length === 0 ? none : el("span", {}, ...shown.map((one) => el("div", {}, one))));
  facts(at("brought"), [
    [keys.length > 1 ? "pinned keys" : "pinned key", several(keys.map(code), "none")],
    [checkpoints.length > 1 ? "kept checkpoints" : "kept checkpoint", several(
      checkpoints.map((one) => el("span", {}, `of ${counted(one.size, "receipt", "receipts")} of `, said(one.origin), el("span", { class: "gloss" }, "root ", code(one.root)))),
      "none",
    )],
    ["known number", size === null ? "none" : `at least ${counted(size, "receipt", "receipts")}`],
    ["trust policy", run.policy && said(run.policy)],
    ["witnesses", witnesses && several(witnesses.map((name) => said(name)), "none")],
  ]);
}

function showFacts(file, manifest, report, took) {
  const complete = report.complete_to;
  facts(at("facts"), [
    ["file", said(file.name)],
    ["size", bytes(file.size)],
    ["origin", report.origin ? said(report.origin) : "cannot be told"],
    ["log", report.log_id && code(report.log_id)],
    ["receipts read", count(report.receipts)],
    ["what it holds", manifest ? said(manifest.selection) : "cannot be told: its manifest cannot be read"],
    ["checkpoint", manifest && `of ${counted(manifest.checkpoint, "receipt", "receipts")}`],
    ["complete up to", complete !== undefined && counted(complete, "receipt", "receipts")],
    ["gone through in", took < 1000 ? `${Math.max(1, Math.round(took))} ms` : `${(took / 1000).toFixed(1)} s`],
  ].map(([name, value]) => [name, value === false ? undefined : value]));
}

/** Shows what the package says of the log's keys. */
function showKeys(keys) {
  const target = at("keys");
  if (!keys?.keys?.length) {
    target.replaceChildren(el("p", { class: "aside" }, "None that can be read."));
    return;
  }
  target.replaceChildren(
    scroll("Keys of the log", el("table", {},
      el("thead", {}, el("tr", {}, ...["For", "Public key", "Since"].map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, ...keys.keys.map((key) => el("tr", {},
        el("td", {}, said(key.purpose)),
        el("td", {}, code(key.public_key), el("span", { class: "gloss" }, "id ", code(key.key_id))),
        el("td", {}, receiptLink(key.introduced_by))))))),
    ...(keys.revocations ?? []).map((one) => el("p", { class: "caution" },
      "Revoked: key ", code(one.key_id), ` after receipt ${count(one.after)}, by `, receiptLink(one.receipt), ". ", said(one.reason ?? ""))),
  );
}

function showFindings(report) {
  const found = [];
  for (const text of report.remarks ?? []) found.push([said(text)]);
  for (const epoch of report.deleted ?? []) {
    found.push([`Epoch ${count(epoch.epoch)}: the bytes of ${counted(epoch.deleted, "receipt", "receipts")} are deleted, accounted for by `, receiptLink(epoch.deletion), "."]);
  }
  for (const one of report.witnesses ?? []) {
    found.push(["Witness ", said(one.name), ` of the checkpoint of ${counted(one.checkpoint, "receipt", "receipts")}: ${one.status.replace("_", " ")}`, one.time ? ` ${one.time}` : "", ...(one.reason ? [", ", said(one.reason)] : []), "."]);
  }
  for (const kind of ["not_later", "not_before"]) {
    const bounds = (report.time_bounds ?? []).filter((bound) => bound.kind === kind);
    const bound = bounds.at(-1);
    if (bound === undefined) continue;
    const which = bound.last === undefined ? `Receipts from ${count(bound.first)} on` : `Receipts ${count(bound.first)} to ${count(bound.last)}`;
    const others = bounds.length > 1 ? ` (the strongest of ${bounds.length} such bounds)` : "";
    found.push([`${which} were sealed ${kind.replace("_", " ")} than ${bound.time}, by `.replace("before than", "before"), said(bound.by), `${others}.`]);
  }
  const open = report.open_tool_intents ?? [];
  if (open.length > 0) {
    const shown = open.slice(0, 50).map((one) => el("li", {}, receiptLink(one.receipt), ": ", said(one.tool), " ", said(one.call_id)));
    const more = open.length > 50 ? [el("li", {}, `and ${count(open.length - 50)} more, which the saved report has`)] : [];
    found.push([`${counted(open.length, "tool intent", "tool intents")} without an outcome:`, el("ul", {}, ...shown, ...more)]);
  }
  at("findings").replaceChildren(
    found.length === 0
      ? el("p", { class: "aside" }, "Nothing besides the five answers.")
      : el("ul", { class: "found" }, ...found.map((one) => el("li", {}, ...one))),
  );
}
