// A large package: the window goes on meanwhile, memory does not grow with it, it can be stopped.

import assert from "node:assert/strict";
import { copyFileSync, readFileSync, readdirSync, statSync } from "node:fs";

/** Longest that the window may not answer, in milliseconds; the machine is shared with other tests. */
const LONGEST = 500;
/** How much more memory than before a renderer may have taken at its peak, in MiB. */
const MEMORY = 220;

export async function huge(browser, evidence) {
  const file = evidence.path("huge.zip");
  const key = readFileSync(evidence.path("huge/log.pub"), "utf8");
  const megabytes = statSync(file).size / 1e6;
  const window = await browser.open();
  const { tab } = window;
  const before = peak(browser);
  await tab.evaluate(() => {
    globalThis.longest = 0;
    globalThis.seen = [];
    let last = performance.now();
    setInterval(() => {
      globalThis.longest = Math.max(globalThis.longest, performance.now() - last);
      last = performance.now();
      const doing = document.getElementById("doing").textContent;
      if (globalThis.seen.at(-1) !== doing) globalThis.seen.push(doing);
    }, 10);
  });

  // Stopped in the middle, nothing is verified.
  await window.begin({ file, key });
  await tab.waitForFunction(() => /^Verifying receipts: [1-9]/.test(document.getElementById("doing").textContent), { timeout: 120_000 });
  await tab.click("#stop");
  assert.equal(await window.text("#status"), "Stopped. Nothing is verified.");
  assert.equal(await tab.$eval("#verdict", (verdict) => verdict.hidden), true);

  const began = Date.now();
  const found = await window.verify({ file, key });
  const took = (Date.now() - began) / 1000;
  assert.match(found.headline, /^UNVERIFIED: nothing failed/);
  const native = Date.now();
  const said = evidence.says("huge.zip", "--key", key.trim());
  const command = (Date.now() - native) / 1000;
  assert.deepEqual(found.report, said.report);
  const receipts = found.report.receipts;

  const { longest, seen } = await tab.evaluate(() => ({ longest: globalThis.longest, seen: globalThis.seen }));
  const words = (start) => seen.filter((text) => text.startsWith(start)).length;
  assert.ok(words("Checking the package: ") >= 5 && words("Verifying receipts: ") >= 5, `progress was seen: ${seen.length} words`);

  // The last receipt, found, and one in the middle by what is in it.
  const asked = Date.now();
  await tab.$eval("#grid", (grid) => grid.focus());
  await tab.keyboard.press("End");
  const shown = await window.open(receipts - 1);
  const opened = Date.now() - asked;
  assert.match(shown, /It leads to the root that the package's checkpoint has\./);
  const searched = Date.now();
  const said2 = await window.filter({ text: "no such text anywhere" });
  assert.match(said2, /^0 of /);
  const searching = Date.now() - searched;
  const after = await tab.evaluate(() => globalThis.longest);
  assert.ok(after < LONGEST, `the window did not answer for ${Math.round(after)} ms`);
  // Exchanged on disk while somebody looks at it (A66): what is not read yet is not read any more. The genesis
  // was looked at last, so the first receipts are still there: a search begins, ends early and says so.
  await window.filter({});
  await window.open(0);
  copyFileSync(evidence.path("other.zip"), file);
  assert.match(await window.filter({ text: "no such text anywhere" }), /^0 of .*; the search ended early, after [1-9].*could not be read/);
  await window.filter({});
  await tab.$eval("#grid", (grid) => grid.focus());
  await tab.keyboard.press("End");
  await tab.waitForSelector(`#line-${receipts - 1} .c-state`);
  await tab.$eval(`#line-${receipts - 1}`, (line) => line.click());
  await tab.waitForFunction(() => document.querySelector("#receipt .problem"));
  assert.match(await window.text("#receipt"), /^Receipt\s+package: receipts\.bin: .*could not be read/);
  const memory = peak(browser) - before;
  assert.ok(memory < MEMORY, `${memory} MiB more than before`);
  assert.deepEqual(window.wrong, []);
  await window.close();
  return `${megabytes.toFixed(0)} MB, ${receipts} receipts: verified and listed in ${took.toFixed(1)} s (the command line ${command.toFixed(1)} s), ` +
    `window held up for ${Math.round(Math.max(longest, after))} ms at most, ${memory} MiB of memory, last receipt in ${opened} ms, all searched in ${(searching / 1000).toFixed(1)} s`;
}

/** Most memory that any renderer of the browser has taken so far, in MiB; 0 where that cannot be told. */
function peak(browser) {
  const own = browser.chromium.process().pid;
  let most = 0;
  const processes = new Map();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      processes.set(Number(pid), [Number(/^PPid:\s+(\d+)/m.exec(status)[1]), Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0)]);
    } catch {
      // It ended meanwhile.
    }
  }
  const ours = (pid) => pid === own || (processes.has(pid) && processes.get(pid)[0] > 1 && ours(processes.get(pid)[0]));
  for (const [pid, [, kib]] of processes) {
    if (!ours(pid)) continue;
    let line = "";
    try {
      line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    } catch {
      continue;
    }
    if (line.includes("--type=renderer")) most = Math.max(most, kib / 1024);
  }
  return Math.round(most);
}
