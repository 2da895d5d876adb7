// The page says what the command line says, about genuine packages and about forged ones.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";

/** Each package with what the auditor brings, and the exit code that it must come to. */
const CASES = [
  ["genuine, key and checkpoint", 0, "genuine.zip", { key: true, kept: true }],
  ["genuine, key and number", 0, "genuine.zip", { key: true, size: "70" }],
  ["genuine, key alone", 3, "genuine.zip", { key: true }],
  ["genuine, no key", 3, "genuine.zip", { kept: true }],
  ["genuine, packed anew", 0, "same.zip", { key: true, kept: true }],
  ["a selection with proofs", 3, "selection.zip", { key: true }],
  ["the key of another log (A09)", 1, "genuine.zip", { other: true }],
  ["a log under other keys (A09)", 1, "other.zip", { key: true }],
  ["an older package than the checkpoint (A05)", 1, "older.zip", { key: true, kept: true }],
  ["a number that is not reached (A05)", 1, "genuine.zip", { key: true, size: "5000" }],
  ["a flipped byte (A01)", 1, "flipped.zip", { key: true }],
  ["a flipped byte, listed anew (A02, A23)", 1, "flipped-listed.zip", { key: true }],
  ["a removed receipt (A03)", 1, "removed.zip", { key: true }],
  ["a view that says something else (A41)", 1, "view.zip", { key: true }],
  ["another log's receipts (A24)", 1, "exchanged.zip", { key: true }],
  ["a cut ZIP (A25)", 1, "cut.zip", { key: true }],
  ["a flipped byte of the ZIP (A25)", 1, "byte.zip", { key: true }],
  ["a bomb (A20)", 1, "bomb.zip", { key: true }],
  ["an empty file", 1, "empty.zip", { key: true }],
  ["noise", 1, "noise.zip", { key: true }],
  ["a page", 1, "page.zip", { key: true }],
];

export async function verdicts(browser, evidence) {
  const key = readFileSync(evidence.path("log/log.pub"), "utf8");
  const others = readFileSync(evidence.path("other/log.pub"), "utf8");
  const window = await browser.open();
  for (const [name, exit, file, brought] of CASES) {
    const pinned = brought.other ? others : brought.key ? key : "";
    const flags = [
      ...(pinned ? ["--key", pinned.trim()] : []),
      ...(brought.kept ? ["--checkpoint", "kept.note"] : []),
      ...(brought.size ? ["--size", brought.size] : []),
    ];
    await window.tab.click("#clear");
    const found = await window.verify({
      file: evidence.path(file), key: pinned, size: brought.size, checkpoints: brought.kept ? [evidence.path("kept.note")] : [],
    });
    assert.equal(found.problem, undefined, `${name}: ${found.problem}`);
    const word = { 0: "VERIFIED", 1: "FAILED", 3: "UNVERIFIED" }[exit];
    assert.ok(found.headline.startsWith(`${word}:`), `${name}: ${found.headline}`);
    let said = evidence.says(file, ...flags);
    // What is no ZIP at all the command line takes for another form, and fails in other words.
    if (["empty.zip", "noise.zip", "page.zip"].includes(file)) {
      assert.match(found.report.verdict.integrity.reason, /^package: /, name);
      assert.equal(found.report.verdict.integrity.status, "failed", name);
    } else {
      assert.deepEqual(found.report, said.report, `${name}: the page's report is the command line's`);
    }
    assert.equal(said.exit, exit, name);
    for (const [question, answer] of Object.entries(found.report.verdict)) {
      const [shown, why] = found.answers[question];
      assert.equal(shown, { verified: "verified", failed: "FAILED", unverified: "unverified", not_applicable: "not applicable" }[answer.status], name);
      assert.ok(why.length > 10, `${name}: ${question} has a reason in words`);
    }
    const trusted = ["integrity", "attribution"].every((question) => found.report.verdict[question].status === "verified");
    assert.equal((await window.text("#receipts-note")) === "", trusted, `${name}: the list says what it is worth`);
    if (!pinned) assert.match(found.note, /You pinned no key/);
  }
  await refused(window, evidence, key);
  assert.deepEqual(window.wrong, []);
  await window.close();
  return `${CASES.length} packages, each with the report of the command line`;
}

/** What cannot be taken is said, and nothing is verified. */
async function refused(window, evidence, key) {
  const file = evidence.path("genuine.zip");
  const wrong = [
    [{ file, key: "no key" }, /^pinned key, line 1: /],
    [{ file, key: `${key}\n${"\u202e".repeat(100_000)}` }, /^pinned key, line [23]: /],
    [{ file, key, size: "many" }, /^number of receipts: expected a whole number/],
    [{ file, key, checkpoints: [evidence.path("log/log.pub")] }, /^kept checkpoint: /],
    [{ file, key, policy: evidence.path("kept.note") }, /^trust policy: /],
  ];
  for (const [brought, reason] of wrong) {
    await window.tab.click("#clear");
    const { problem } = await window.verify(brought);
    assert.match(problem ?? "no problem", reason);
    assert.equal(await window.tab.$eval("#verdict", (verdict) => verdict.hidden), true);
  }
  await window.tab.click("#clear");
  await window.tab.click("#go");
  assert.equal(await window.text("#problem"), "Choose the package first.");
  // A policy file pins the key as well.
  const policy = evidence.path("mine.policy");
  writeFileSync(policy, `ai-audit/policy/v1\nlog ${key.trim()}\nquorum none\nsize 60\n`);
  await window.tab.click("#clear");
  const { headline } = await window.verify({ file, policy });
  assert.equal(headline, "VERIFIED: integrity, attribution, completeness");
  await window.tab.click("#clear");
  const { note } = await window.verify({ file: evidence.path("one.proof"), key });
  assert.match(note, /This file is a proof of one receipt/);
}
