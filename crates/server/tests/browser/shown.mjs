// What is shown is what the API says; hostile texts stay texts (A85).

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { HOSTILE } from "./keeper.mjs";

const number = (text) => Number(/[\d\u202f]+/.exec(text)[0].replaceAll("\u202f", ""));
const settle = (ms) => new Promise((go) => setTimeout(go, ms));

export async function overview(browser, keeper, tokens) {
  const window = await browser.open({ token: tokens.read.token });
  const said = await keeper.get("/v1/logs/default/overview", tokens.read.token);
  assert.equal(said.looked_at, said.size);
  const tiles = await window.tiles();
  assert.equal(number(tiles["Receipts"]), said.size);
  assert.match(tiles["Health"], /open for writing/);
  assert.deepEqual([number(tiles["Open intents"]), number(tiles["Gaps"]), number(tiles["Reviews due"]), number(tiles["Incident reports due"])], [1, 1, 2, 1]);
  assert.ok(number(tiles["Live rate"]) > 0 && said.flow.receipts_by_minute.length === 60);
  const waiting = await window.text("#waiting");
  assert.match(waiting, /book_flight/);
  assert.match(waiting, /adopted: /);
  assert.deepEqual(said.reviews_due.listed.map((one) => one.seq), [keeper.escalated[0], keeper.escalated[2]], "the reviewed one is not due");
  assert.ok(said.actions.reject > 80 && said.rate.events >= said.actions.reject);
  // A verdict is made when somebody asks for it.
  assert.match(tiles["Verdict of the keeper's own"], /none was made/);
  await window.tab.click("#judge");
  await window.tab.waitForSelector("#verdict:not([hidden])");
  const verdict = await window.text("#verdict");
  assert.match(verdict, /^The keeper's own verdict\s+nothing failed: integrity, attribution verified/);
  assert.match(verdict, /no reason to trust this/);
  await window.look();
  await window.tab.waitForFunction(() => /ago, of/.test(document.getElementById("tiles").innerText));
  assert.match((await window.tiles())["Verdict of the keeper's own"], /^nothing failed\s+Verified: integrity, attribution/);
  // Paths: drawn, and as tables.
  const figures = await window.tab.$$eval("#drawings figure", (all) => all.map((one) => [one.querySelector("h3").innerText, one.querySelector("p").innerText, one.querySelectorAll(".way, .stem").length, one.querySelectorAll("tbody tr").length]));
  assert.equal(figures.length, 3);
  assert.match(figures[0][1], /^[1-9]\d* alarms?; /, "the log was made to raise some");
  assert.match(figures[2][1], /of 4 windows flagged|of 3 windows flagged/);
  assert.ok(figures.every((figure) => figure[2] > 0 && figure[3] > 0), JSON.stringify(figures));
  // Another log.
  await window.tab.click("[data-log=payments]");
  await window.tab.waitForFunction(() => /^Log payments/.test(document.getElementById("log-title").innerText));
  await window.settled();
  await window.tab.waitForFunction(() => /Nothing waits/.test(document.getElementById("waiting").innerText));
  assert.equal(await window.is("#verdict"), false, "a verdict on one log does not stand beside another");
  assert.deepEqual([window.wrong, window.answers, await window.violations()], [[], [], []]);
  await window.close();
  return "figures are those of the API; a verdict only when asked for";
}

export async function searching(browser, keeper, tokens) {
  // A number that JavaScript would write otherwise.
  const { id, seq } = (await keeper.post("/v1/logs/default/decisions", { trace_id: "exact", checks: [{ name: "c", score: 1 }] }, tokens.admin.token)).receipts[0];
  const window = await browser.open({ token: tokens.read.token });
  const byId = await window.search({ id });
  assert.deepEqual([byId.length, number(byId[0][0])], [1, seq]);
  assert.match(await window.receipt(0), /"score": 1\.0\b/, "a number is as it came");
  const from = await window.search({ from: "7" });
  assert.deepEqual([from.length, from[0][0], from[0][1]], [50, "7", "gap"]);
  await window.tab.click("#more");
  await window.tab.waitForFunction(() => document.querySelectorAll("#list tbody tr").length === 100);
  assert.match(await window.text("#found"), /^100 receipts found; .* not looked through yet\.$/);
  assert.equal((await window.search({ session: "s-trip", kind: "tool_intent" })).length, 3);
  assert.equal((await window.search({ trace: "none such" })).length, 0);
  assert.match(await window.text("#found"), /^No receipt found\.$/);
  await window.search({ id: "x" });
  assert.match(await window.text("#found"), /^It could not be searched: parameter `id`: expected a receipt's id/);
  assert.deepEqual([window.wrong, window.answers, await window.violations()], [[], ["400"], []]);
  await window.close();
  return "by id, from a number on, page by page, by session and kind; a wrong id is said to be one";
}

export async function hostile(browser, keeper, tokens) {
  const window = await browser.open({ token: tokens.read.token });
  const title = await window.tab.title();
  const count = () => window.tab.evaluate(() => document.querySelectorAll("script, iframe, object, embed, link, base, form, style").length);
  const elements = await count();
  for (const [place, text] of HOSTILE.entries()) {
    const lines = await window.search({ trace: `hostile-${place}` });
    assert.equal(lines.length, 1, text);
    const shown = await window.receipt(0);
    const letters = text.replace(/[\u0000-\u001f\u200b-\u206f]|[\u{e0000}-\u{e0fff}]/gu, "");
    const read = shown.replace(/U\+[0-9A-F]{4,6}/g, "").replace(/\\u00[01][0-9a-f]/g, "").replaceAll('\\"', '"');
    assert.ok(read.includes(letters.slice(0, 40)), `the text of ${place} is there as a text: ${letters}\n${read}`);
  }
  const lines = await window.search({ session: HOSTILE[3] });
  assert.match(lines[0][2], /U\+202Egnp\.exeU\+2066 U\+200BU\+E0041/, "what cannot be seen is shown");
  await window.search({ trace: "long" });
  assert.match(await window.receipt(0), /show all 3\d.\d{3} characters/);
  await window.search({ trace: "trip-42", kind: "tool_outcome" });
  const shown = await window.receipt(1);
  assert.match(shown, /All of its 7 steps\./);
  const image = await window.tab.$eval("#trace img", (one) => [one.naturalWidth, one.alt]);
  assert.ok(image[0] > 300 && image[1].startsWith("Graph of the trace trip-42"));
  await window.tab.$eval("#trace details", (one) => (one.open = true));
  assert.ok((await window.text("#trace")).includes(HOSTILE[2]));
  assert.ok((await window.text("#waiting")).includes(HOSTILE[1]), "in the lists of what waits, too");
  assert.equal(await window.tab.title(), title, "no script of a text ran");
  assert.equal(await count(), elements, "no element came out of a text");
  assert.deepEqual([window.wrong, window.answers, await window.violations(), browser.asked], [[], [], [], []]);
  await window.close();
  return `${HOSTILE.length} texts shown as texts, in list, receipt, graph and lists of what waits`;
}

/** Somebody who got a script into the page would get no further (by the browser). */
export async function forbidden(browser, keeper, tokens) {
  const window = await browser.open({ token: tokens.read.token });
  const tries = await window.tab.evaluate(async () => {
    const refused = {};
    const attempt = async (name, act) => {
      try {
        await act();
        refused[name] = false;
      } catch {
        refused[name] = true;
      }
    };
    const loads = (element) => new Promise((go, stop) => {
      element.onload = go;
      element.onerror = stop;
      document.body.append(element);
      setTimeout(stop, 500);
    });
    await attempt("fetch", () => fetch("http://elsewhere.test/"));
    await attempt("picture", () => loads(Object.assign(new Image(), { src: "http://elsewhere.test/x.png" })));
    await attempt("markup", () => (document.createElement("p").innerHTML = "<b>x</b>"));
    await attempt("eval", () => Function("return 1")());
    await attempt("script", () => loads(Object.assign(document.createElement("script"), { text: "globalThis.ran = true" })).then(() => globalThis.ran || Promise.reject(Error())));
    return refused;
  });
  assert.deepEqual(tries, { fetch: true, picture: true, markup: true, eval: true, script: true });
  assert.equal(await window.tab.evaluate(() => globalThis.ran), undefined);
  assert.ok((await window.violations()).length >= 3);
  await window.close();
  const framer = await browser.chromium.newPage();
  await framer.goto("http://framer.test/");
  await settle(500);
  const framed = framer.frames().filter((frame) => frame !== framer.mainFrame());
  const text = await framed[0]?.evaluate(() => document.body?.innerText ?? "").catch(() => "");
  assert.doesNotMatch(text ?? "", /Console|Sign in/);
  await framer.close();
  assert.deepEqual(browser.asked, [], "nothing left the browser");
  return "no connection, markup, script, picture; no frame around it";
}

export async function packages(browser, keeper, tokens) {
  const window = await browser.open({ token: tokens.read.token });
  const session = await window.tab.createCDPSession();
  await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: keeper.path("") });
  const take = async (name) => {
    await window.tab.click("#take");
    await window.tab.waitForFunction(() => /handed to the browser|could not/.test(document.getElementById("taking").textContent));
    assert.match(await window.text("#taking"), new RegExp(`^${name}, `));
    for (let waited = 0; !existsSync(keeper.path(name)) || readdirSync(keeper.path("")).some((one) => one.endsWith(".crdownload")); waited += 50) {
      assert.ok(waited < 10_000, "the file does not come");
      await settle(50);
    }
    return keeper.verify(name);
  };
  const whole = await take("default.zip");
  assert.deepEqual([whole.verdict.integrity.status, whole.verdict.attribution.status], ["verified", "verified"]);
  const size = whole.receipts;
  await window.search({ trace: "trip-42" });
  await window.receipt(0);
  const button = (await window.tab.$$("#receipt .actions button"))[1];
  await button.click();
  assert.equal(await window.tab.$eval("#p-name", (field) => field.value), "trip-42");
  await window.tab.select("#p-what", "session");
  await window.tab.$eval("#p-name", (field) => (field.value = ""));
  await window.tab.click("#take");
  assert.match(await window.text("#taking"), /its id is missing/);
  await window.tab.select("#p-what", "range");
  await window.tab.type("#p-from", "99999999");
  await window.tab.click("#take");
  await window.tab.waitForFunction(() => /could not be taken/.test(document.getElementById("taking").textContent));
  assert.match(await window.text("#taking"), /expected receipts of the log/);
  assert.deepEqual([window.wrong, window.answers, await window.violations()], [[], ["400"], []]);
  await window.close();
  return `a package of ${size} receipts, verified by the command line with the key line`;
}
