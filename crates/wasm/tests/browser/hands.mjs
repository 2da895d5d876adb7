// The page for those who use the keyboard alone, who listen, who need it dark, who have a narrow window.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** From the first key to a receipt and back, without a mouse. */
export async function keyboard(browser, evidence) {
  const window = await browser.open();
  const { tab } = window;
  const press = async (...keys) => {
    for (const key of keys) await tab.keyboard.press(key);
  };
  const focused = () => tab.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
  const tabTo = async (id, back = false) => {
    for (let step = 0; step < 60; step += 1) {
      if (back) await tab.keyboard.down("Shift");
      await press("Tab");
      if (back) await tab.keyboard.up("Shift");
      if ((await focused()) === id) return;
    }
    assert.fail(`Tab does not lead to ${id}; it is at ${await focused()}`);
  };
  await press("Tab");
  assert.equal(await focused(), "Skip to verification");
  await press("Enter");
  await tabTo("package");
  // The system's own window for files is not the page's.
  await (await tab.$("#package")).uploadFile(evidence.path("genuine.zip"));
  await tabTo("key");
  await tab.keyboard.sendCharacter(readFileSync(evidence.path("log/log.pub"), "utf8"));
  await tabTo("go");
  await press("Enter");
  await window.verdict();
  assert.equal(await tab.evaluate(() => document.activeElement.id === "save" || document.activeElement.id === "verdict"), true);
  await tabTo("grid");
  await press("End");
  const current = () => tab.$eval("#grid", (grid) => document.getElementById(grid.getAttribute("aria-activedescendant"))?.innerText ?? "not in sight");
  await tab.waitForFunction(() => /stop|decision/.test(document.getElementById(document.getElementById("grid").getAttribute("aria-activedescendant"))?.innerText ?? ""));
  const last = Number(await tab.$eval("#grid", (grid) => grid.getAttribute("aria-rowcount"))) - 2;
  assert.equal(await tab.$eval("#grid", (grid) => grid.getAttribute("aria-activedescendant")), `line-${last}`);
  await press("Home");
  assert.match(await current(), /^0\s+genesis/);
  await press("PageDown", "PageUp", "ArrowDown", "ArrowDown", "ArrowUp", "Enter");
  await tab.waitForFunction(() => document.activeElement.id === "receipt");
  assert.match(await window.text("#receipt"), /^Receipt 1\n/);
  await tabTo("close");
  await press("Enter");
  assert.equal(await focused(), "grid");
  await tabTo("f-text", true);
  await tab.keyboard.type("model-b");
  await press("Enter");
  await tab.waitForFunction(() => /^12 of /.test(document.getElementById("found").textContent));
  assert.deepEqual(window.wrong, []);
  await window.close();
  return "from the first key to a receipt, a filter and back";
}

/** What a screen reader is told. */
export async function listening(browser, evidence) {
  const window = await browser.open();
  const { tab } = window;
  const names = async () => {
    const found = [];
    const walk = (node) => {
      found.push(`${node.role}: ${node.name}`);
      (node.children ?? []).forEach(walk);
    };
    walk(await tab.accessibility.snapshot({ interestingOnly: false }));
    return found;
  };
  const wants = (found, wanted) => {
    for (const one of wanted) assert.ok(found.some((name) => one.test(name)), `nothing is ${one} in\n${found.filter((name) => !/^(none|generic|Inline)/.test(name)).join("\n")}`);
  };
  wants(await names(), [
    /^heading: Auditor's page$/, /^heading: Did this page come with the package\? Then it proves nothing\.$/, /^region: Verify$/,
    /^button: Package/, /^textbox: Pinned key$/, /^button: or load it from a file/, /^button: Verify$/, /^status: $/,
  ]);
  await window.verify({ file: evidence.path("flipped.zip"), key: readFileSync(evidence.path("log/log.pub"), "utf8") });
  await window.open(2);
  wants(await names(), [
    /^StaticText: Verdict on flipped\.zip: FAILED: integrity, attribution\.$/, /^StaticText: FAILED: integrity, attribution$/, /^table: The five answers$/,
    /^rowheader: Integrity/, /^columnheader: Answer$/, /^grid: Receipts$/, /^row: 2 stop/, /^article: Receipt 2$/, /^image: Way from receipt 2 over \d+ steps to the root/,
    /^region: Body of the receipt$/, /^form: Filter receipts$/, /^searchbox: Contains$/, /^combobox: Kind$/,
  ]);
  // No answer is told by its colour alone.
  const words = await tab.$$eval(".answer", (all) => all.filter((one) => one.offsetParent !== null).map((one) => one.innerText.trim()));
  assert.ok(words.length > 8 && words.every((word) => word.length > 5));
  assert.deepEqual(window.wrong, []);
  await window.close();
  return "names, roles and live regions";
}

/** Widths and schemes: nothing sticks out, axe-core finds nothing; pictures for people to look at. */
export async function looks(browser, evidence, pictures) {
  const key = readFileSync(evidence.path("log/log.pub"), "utf8");
  let seen = 0;
  for (const width of [1280, 390]) {
    for (const scheme of ["light", "dark"]) {
      const window = await browser.open({ width, scheme });
      const look = async (name, selector) => {
        assert.equal(await window.overflow(), 0, `${name}, ${width}, ${scheme}: as wide as the window`);
        assert.deepEqual(await window.axe(), [], `${name}, ${width}, ${scheme}: axe-core`);
        await window.tab.$eval(selector, (one) => one.scrollIntoView({ block: "start" }));
        await window.tab.screenshot({ path: join(pictures, `${name}-${width}-${scheme}.png`) });
        seen += 1;
      };
      await window.tab.$$eval("details", (all) => all.forEach((one) => (one.open = true)));
      await look("start", "body");
      await window.verify({ file: evidence.path("flipped.zip"), key });
      await look("failed", "#verdict");
      await window.tab.click("#clear");
      await window.verify({ file: evidence.path("genuine.zip"), key, checkpoints: [evidence.path("kept.note")] });
      await look("verified", "#verdict");
      await look("list", "#receipts");
      await window.filter({ trace: "trip-42" });
      await window.open(9);
      await look("receipt", "#receipt");
      await window.tab.$$eval("#receipt details", (all) => all.forEach((one) => (one.open = true)));
      await look("path", "#receipt .path");
      await look("graph", "#trace");
      assert.deepEqual(window.wrong, [], `${width} ${scheme}`);
      await window.close();
    }
  }
  return `${seen} views in two widths and two schemes; pictures in ${pictures}`;
}
