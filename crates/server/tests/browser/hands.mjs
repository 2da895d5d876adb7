// The console for those who use the keyboard alone, who listen, who need it dark, who have a narrow window.

import assert from "node:assert/strict";
import { join } from "node:path";

/** From the first key to a receipt and back, without a mouse. */
export async function keyboard(browser, keeper, tokens) {
  const window = await browser.open();
  const { tab } = window;
  await tab.waitForSelector("#sign-in:not([hidden])");
  const focused = () => tab.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
  const outlined = () => tab.evaluate(() => parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2);
  const tabTo = async (wanted) => {
    for (let step = 0; step < 80; step += 1) {
      await tab.keyboard.press("Tab");
      assert.ok(await outlined(), `what has the focus is seen: ${await focused()}`);
      if ((await focused()) === wanted) return;
    }
    assert.fail(`Tab does not lead to ${wanted}; it is at ${await focused()}`);
  };
  assert.equal(await focused(), "token");
  await tab.keyboard.sendCharacter(tokens.read.token);
  await tab.keyboard.press("Enter");
  await tab.waitForFunction(() => document.activeElement.id === "logs-title");
  await window.settled();
  await tabTo("payments");
  await tab.keyboard.press("Enter");
  await tab.waitForFunction(() => /^Log payments/.test(document.getElementById("log-title").innerText));
  await window.settled();
  assert.equal(await focused(), "payments", "the focus stays where it was");
  await tab.keyboard.down("Shift");
  for (let step = 0; step < 5 && (await focused()) !== "default"; step += 1) await tab.keyboard.press("Tab");
  await tab.keyboard.up("Shift");
  await tab.keyboard.press("Enter");
  await tab.waitForFunction(() => /^Log default/.test(document.getElementById("log-title").innerText));
  await window.settled();
  await tabTo("judge");
  // What is asked for anew, again and again, takes the focus from nobody.
  await window.tab.waitForFunction((before) => document.getElementById("as-of").textContent !== before, {}, await window.text("#as-of"));
  assert.equal(await focused(), "judge");
  await tabTo("s-trace");
  await tab.keyboard.type("trip-42");
  await tab.keyboard.press("Enter");
  await tab.waitForSelector("#list tbody button");
  await tab.$eval("#s-from", (field) => field.focus());
  await tab.keyboard.press("Tab");
  await tab.keyboard.press("Tab");
  await tab.keyboard.press("Tab");
  const link = await focused();
  await tab.keyboard.press("Enter");
  assert.match(await window.opened(), /^Receipt /);
  await tabTo("close");
  await tab.keyboard.press("Enter");
  assert.equal(await focused(), link, "the focus goes back");
  assert.deepEqual([window.wrong, await window.violations()], [[], []]);
  await window.close();
  return "signed in, another log, a search, a receipt and back, without a mouse";
}

/** What a screen reader is told. */
export async function listening(browser, keeper, tokens) {
  const window = await browser.open({ token: tokens.read.token });
  const found = [];
  const walk = (node) => {
    found.push(`${node.role}: ${node.name}`);
    (node.children ?? []).forEach(walk);
  };
  walk(await window.tab.accessibility.snapshot({ interestingOnly: false }));
  for (const one of [
    /^heading: Console$/, /^heading: This page is the keeper's own word$/, /^region: Logs$/, /^button: default$/, /^button: Verify now$/,
    /^(img|image): Path of Wald's test over /, /^(img|image): Drift of action/, /^(img|image): Receipts by minute/, /^textbox: Trace$/, /^combobox: Kind$/, /^button: Download$/,
  ]) assert.ok(found.some((name) => one.test(name)), `nothing is ${one} in\n${found.filter((name) => !/^(none|generic|Inline|StaticText)/.test(name)).join("\n")}`);
  await window.close();
  return `${found.length} nodes, every control and drawing by name`;
}

/** Findings of axe, overflow, movement; and pictures for somebody to look at. */
export async function looks(browser, keeper, tokens, pictures) {
  let made = 0;
  for (const [device, width, height] of [["desktop", 1280, 900], ["phone", 390, 844]]) {
    for (const scheme of ["light", "dark"]) {
      const window = await browser.open({ width, height, scheme });
      await window.tab.waitForSelector("#sign-in:not([hidden])");
      const picture = async (name) => {
        assert.deepEqual(await window.axe(), [], `${name} ${device} ${scheme}`);
        assert.equal(await window.overflow(), 0, `${name} ${device} ${scheme} is too wide`);
        await window.tab.screenshot({ path: join(pictures, `${name}-${device}-${scheme}.png`), fullPage: name !== "receipt" });
        made += 1;
      };
      await picture("sign-in");
      await window.signIn(tokens.read.token);
      if (!(await window.is("#verdict"))) {
        await window.tab.click("#judge");
        await window.tab.waitForSelector("#verdict:not([hidden])");
        await window.look();
        await window.settled();
      }
      await window.tab.evaluate(() => scrollTo(0, 0));
      await picture("console");
      await window.search({ trace: "trip-42" });
      await window.receipt(3);
      await window.tab.$eval("#trace details", (one) => (one.open = true));
      await picture("receipt");
      await window.tab.$eval("#receipt", (pane) => (pane.style.maxHeight = "none"));
      await (await window.tab.$("#search")).screenshot({ path: join(pictures, `search-${device}-${scheme}.png`) });
      const moving = await window.tab.evaluate(() => document.getAnimations().length);
      assert.equal(moving, 0, "nothing moves");
      assert.deepEqual([window.wrong, await window.violations()], [[], []]);
      await window.close();
    }
  }
  return `${made} views without a finding of axe, none too wide; pictures in ${pictures}`;
}

/** The same without a picture, in one window: for a short run. */
export async function narrow(browser, keeper, tokens) {
  const window = await browser.open({ token: tokens.read.token, width: 390, height: 844, scheme: "dark" });
  await window.search({ trace: "trip-42" });
  await window.receipt(3);
  assert.deepEqual(await window.axe(), []);
  assert.equal(await window.overflow(), 0);
  await window.close();
  return "390 pixels, dark: no finding, nothing too wide";
}
