// A verdict is of one file, held against what was brought when it began: whatever changes takes it away.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";

/** Time in which a verification that should not have begun would have ended. */
const LONG_ENOUGH = 1500;
const wait = (time) => new Promise((go) => setTimeout(go, time));

/** What is to be seen of a verdict. */
async function shown(window) {
  const hidden = await window.tab.$$eval("#verdict, #receipts, #receipt, #work", (all) => all.map((one) => one.hidden));
  return { hidden: hidden.every((one) => one), status: await window.text("#status"), problem: await window.text("#problem"), workers: window.tab.workers().length };
}

const GONE = /^What you bring has changed: what was verified before is no longer shown/;

/** Presses Verify where `go`, and drops a file before anything else can happen. */
const drop = (window, path, go) => window.tab.evaluate((name, base64, go) => {
  const files = new DataTransfer();
  files.items.add(new File([Uint8Array.from(atob(base64), (one) => one.charCodeAt(0))], name));
  if (go) document.getElementById("go").click();
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
}, path.split("/").at(-1), readFileSync(path).toString("base64"), go);

export async function exchangedInputs(browser, evidence) {
  const key = readFileSync(evidence.path("log/log.pub"), "utf8");
  const [genuine, forged, kept] = ["genuine.zip", "flipped.zip", "kept.note"].map((name) => evidence.path(name));
  const policy = evidence.path("any.policy");
  writeFileSync(policy, `ai-audit/policy/v1\nlog ${key.trim()}\nquorum none\n`);
  const window = await browser.open();
  const { tab } = window;
  const put = async (id, ...files) => (await tab.$(`#${id}`)).uploadFile(...files);

  // Another file dropped while one is verified, and after it.
  await window.verify({ file: genuine, key });
  assert.equal(await window.text("#verdict-title"), "Verdict on genuine.zip");
  for (const go of [true, false]) {
    await drop(window, forged, go);
    await wait(LONG_ENOUGH);
    const found = await shown(window);
    assert.ok(found.hidden && found.workers === 0, `dropped ${go ? "meanwhile" : "afterwards"}: ${JSON.stringify(found)}`);
    assert.match(found.status, /^flipped\.zip is chosen\. Press Verify\./);
    await tab.click("#go");
    const { headline } = await window.verdict();
    assert.match(headline, /^FAILED/);
    assert.equal(await window.text("#verdict-title"), "Verdict on flipped.zip");
  }

  // Whatever else is brought, once it has changed.
  const changes = {
    "another package": () => put("package", forged),
    "no package": () => tab.$eval("#package", (field) => {
      field.value = "";
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }),
    "another key": async () => {
      await tab.focus("#key");
      await tab.keyboard.type("x");
    },
    "a key from a file": () => put("key-file", evidence.path("other/log.pub")),
    "a number": async () => {
      await tab.focus("#size");
      await tab.keyboard.type("5");
    },
    "a checkpoint": () => put("checkpoint", kept),
    "a policy": () => put("policy", policy),
  };
  for (const [name, change] of Object.entries(changes)) {
    await tab.click("#clear");
    await window.verify({ file: genuine, key });
    await window.open(3);
    await change();
    await wait(100);
    const found = await shown(window);
    assert.ok(found.hidden && found.workers === 0, `${name}: ${JSON.stringify(found)}`);
    assert.match(found.status, GONE, name);
  }
  // Nothing chosen is said to be that.
  await tab.click("#clear");
  await window.verify({ file: genuine, key });
  await changes["no package"]();
  await tab.click("#go");
  assert.equal(await window.text("#problem"), "Choose the package first.");
  assert.deepEqual(window.wrong, []);
  await window.close();
  return `a file dropped meanwhile and afterwards, ${Object.keys(changes).length} other changes: no verdict is left standing`;
}

/** The verdict says what it was held against, as the verifier took it. */
export async function heldAgainst(browser, evidence) {
  const key = readFileSync(evidence.path("log/log.pub"), "utf8").trim();
  const file = evidence.path("genuine.zip");
  const window = await browser.open();
  const brought = () => window.tab.$$eval("#brought > div", (all) => Object.fromEntries(all.map((one) => [one.children[0].textContent, one.children[1].innerText.trim()])));
  await window.verify({ file });
  assert.deepEqual(await brought(), { "pinned key": "none", "kept checkpoint": "none", "known number": "none" });
  await window.tab.click("#clear");
  const policy = evidence.path("mine.policy");
  const other = readFileSync(evidence.path("other/log.pub"), "utf8").trim();
  writeFileSync(policy, `ai-audit/policy/v1\nlog ${other}\nquorum none\n`);
  await window.verify({ file, key: `\n ${key}\n`, checkpoints: [evidence.path("kept.note")], size: " 60 ", policy });
  const found = await brought();
  assert.deepEqual(found["pinned keys"].split("\n").filter((line) => line !== "").sort(), [key, other].sort());
  const [, size, root] = readFileSync(evidence.path("kept.note"), "utf8").split("\n");
  const digits = Buffer.from(root, "base64").toString("hex");
  assert.ok(found["kept checkpoint"].startsWith(`of ${size} receipts of `) && found["kept checkpoint"].includes(digits), found["kept checkpoint"]);
  assert.equal(found["known number"], "at least 60 receipts");
  assert.equal(found["trust policy"], "mine.policy");
  assert.deepEqual(window.wrong, []);
  await window.close();
  return "keys, checkpoint, number and policy";
}

/** Stopped before the worker has begun, nothing begins; and nothing of one run gets into the next. */
export async function stopped(browser, evidence) {
  const key = readFileSync(evidence.path("log/log.pub"), "utf8");
  const brought = { file: evidence.path("genuine.zip"), key, checkpoints: [evidence.path("kept.note")] };
  const window = await browser.open();
  const { tab } = window;
  // Reading a note takes as long as a slow disk makes it take.
  await tab.evaluate(() => {
    const read = File.prototype.arrayBuffer;
    File.prototype.arrayBuffer = async function () {
      await new Promise((go) => setTimeout(go, 400));
      return read.call(this);
    };
  });
  for (const button of ["#stop", "#clear"]) {
    await window.begin(brought);
    await tab.click(button);
    await wait(400 + LONG_ENOUGH);
    const found = await shown(window);
    assert.ok(found.hidden && found.workers === 0 && found.problem === "", `${button}: ${JSON.stringify(found)}`);
  }
  // The filter that a run before left behind is not asked of the next one.
  await window.verify(brought);
  await tab.evaluate(() => {
    globalThis.texts = [];
    const found = document.getElementById("found");
    new MutationObserver(() => globalThis.texts.push(found.textContent)).observe(found, { childList: true, characterData: true, subtree: true });
    File.prototype.arrayBuffer = async () => new ArrayBuffer(0);
  });
  await tab.$eval("#checkpoint", (field) => (field.value = ""));
  await tab.click("#go");
  await window.verdict();
  await wait(100);
  const texts = await tab.evaluate(() => globalThis.texts);
  assert.ok(texts.length > 0 && texts.every((text) => /receipts|^Looked at/.test(text)), JSON.stringify(texts));
  assert.deepEqual(window.wrong, []);
  await window.close();
  return "before it began, and between two runs";
}
