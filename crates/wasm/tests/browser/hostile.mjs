// Texts that want to be more (A65), and connections that nobody makes.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync, copyFileSync } from "node:fs";
import { HOSTILE } from "./evidence.mjs";

export async function hostile(browser, evidence) {
  const key = readFileSync(evidence.path("log/log.pub"), "utf8");
  const window = await browser.open();
  const title = await window.tab.title();
  // A name that is a text of somebody else as well.
  const name = "<img src=x onerror=alert(1)>\u202egpj.zip";
  copyFileSync(evidence.path("genuine.zip"), evidence.path(name));
  await window.verify({ file: evidence.path(name), key });
  assert.match(await window.text("#package-name"), /^<img src=x onerror=alert\(1\)>U\+202Egpj\.zip, /);

  const elements = await window.tab.evaluate(() => document.querySelectorAll("script, iframe, object, embed, link, base, form").length);
  assert.equal(await window.filter({ trace: "hostile-" }), `${HOSTILE.length} of ${await total(window)} receipts`);
  for (let place = 0; place < HOSTILE.length; place += 1) {
    const shown = await window.open(place);
    const letters = HOSTILE[place].replace(/[\u0000-\u001f\u200b-\u206f]|[\u{e0000}-\u{e0fff}]/gu, "");
    const read = shown.replace(/U\+[0-9A-F]{4,6}/g, "").replace(/\\u00[01][0-9a-f]/g, "").replaceAll('\\"', '"');
    assert.ok(read.includes(letters.slice(0, 40)), `the text of ${place} is there as a text: ${letters}`);
  }
  const list = await window.text("#rows");
  assert.match(list, /U\+202Egnp\.exeU\+2066 U\+200BU\+E0041/, "what cannot be seen is shown");
  assert.match(list, /U\+001B\[31mred/);

  // The graph of a trace with such texts is an image, and a table of texts.
  assert.equal(await window.filter({ trace: "trip-42", kind: "tool_outcome" }), `2 of ${await total(window)} receipts`);
  const shown = await window.open(0);
  assert.match(shown, /All of its 10 steps\./);
  const image = await window.tab.$eval("#trace img", (one) => [one.naturalWidth, one.alt]);
  assert.ok(image[0] > 300 && image[1].startsWith("Graph of the trace trip-42"));
  await window.tab.$eval("#trace details", (one) => (one.open = true));
  assert.ok((await window.text("#trace")).includes(HOSTILE[2]));

  assert.equal(await window.tab.title(), title, "no script of a text ran");
  const now = await window.tab.evaluate(() => document.querySelectorAll("script, iframe, object, embed, link, base, form").length);
  assert.equal(now, elements, "no element came out of a text");
  assert.deepEqual(window.wrong, []);
  assert.deepEqual(browser.asked, [], "nobody was asked for anything");
  await window.close();
  await forbidden(browser, evidence, key);
  return `${HOSTILE.length} texts shown as texts; no connection, and none possible`;
}

const total = (window) => window.tab.$$eval("#f-kind option", (all) => all.map((one) => Number(/\((\d+)\)/.exec(one.textContent)?.[1] ?? 0)).reduce((sum, one) => sum + one));

/** Somebody who got a script into the page, or into the worker, would get no further (by the browser). */
async function forbidden(browser, evidence, key) {
  const window = await browser.open();
  await window.verify({ file: evidence.path("genuine.zip"), key });
  const tries = async (where) => {
    const refused = {};
    const attempt = async (name, act) => {
      try {
        await act();
        refused[name] = false;
      } catch {
        refused[name] = true;
      }
    };
    const address = "http://127.0.0.1:9/taken";
    await attempt("fetch", () => fetch(address, { mode: "no-cors" }));
    await attempt("socket", () => new Promise((done, failed) => {
      const socket = new WebSocket("ws://127.0.0.1:9/taken");
      [socket.onopen, socket.onerror] = [done, failed];
    }));
    await attempt("eval", () => (0, eval)("1"));
    if (where === "page") {
      await attempt("request", () => new Promise((done, failed) => {
        const request = new XMLHttpRequest();
        [request.onload, request.onerror] = [done, failed];
        request.open("GET", address);
        request.send();
      }));
      await attempt("image", () => new Promise((done, failed) => {
        const image = new Image();
        [image.onload, image.onerror] = [done, failed];
        image.src = address;
      }));
      await attempt("markup", () => (document.createElement("div").innerHTML = "<b>x</b>"));
      await attempt("script", () => new Promise((done, failed) => {
        const script = document.createElement("script");
        script.text = "globalThis.taken = true";
        document.body.append(script);
        setTimeout(() => (globalThis.taken ? done() : failed()), 50);
      }));
      await attempt("worker", () => new Worker(URL.createObjectURL(new Blob(["1"]))));
      await attempt("policy", () => trustedTypes.createPolicy("mine", {}));
      await attempt("frame", () => new Promise((done, failed) => {
        const frame = document.createElement("iframe");
        document.addEventListener("securitypolicyviolation", failed, { once: true });
        frame.onload = () => setTimeout(done, 100);
        frame.src = address;
        document.body.append(frame);
      }));
      await attempt("form", () => new Promise((done, failed) => {
        const form = document.createElement("form");
        document.addEventListener("securitypolicyviolation", failed, { once: true });
        form.action = address;
        form.method = "post";
        document.body.append(form);
        form.submit();
        setTimeout(done, 500);
      }));
      navigator.sendBeacon?.(address, "x");
    }
    return refused;
  };
  const [worker] = window.tab.workers();
  for (const [where, found] of [["page", await window.tab.evaluate(tries, "page")], ["worker", await worker.evaluate(tries, "worker")]]) {
    const done = Object.entries(found).filter(([, refused]) => !refused).map(([name]) => name);
    assert.deepEqual(done, [], `${where}: the policy forbids it`);
  }
  assert.deepEqual(browser.asked, [], "nothing left the browser");
  await window.close();
}

/** A page whose maker changed it says what he likes (A64): it is shown that its hash tells, and nothing else. */
export async function exchanged(browser, evidence, page) {
  const own = readFileSync(page, "utf8");
  const script = /<script>([^]*)<\/script>\n<\/body>/.exec(own)[1];
  const lie = own.replace(script, "document.getElementById('status').textContent = 'VERIFIED: all of it';");
  const path = evidence.path("lie.html");
  writeFileSync(path, lie);
  const { pathToFileURL } = await import("node:url");
  const tab = await browser.chromium.newPage();
  // A careless one is stopped by the page's policy, which names its script by hash.
  await tab.goto(pathToFileURL(path).href);
  assert.equal(await tab.$eval("#status", (one) => one.textContent), "");
  // One who writes the policy too is not: this is what the notice is about.
  writeFileSync(path, lie.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, ""));
  await tab.goto(pathToFileURL(path).href);
  assert.equal(await tab.$eval("#status", (one) => one.textContent), "VERIFIED: all of it");
  assert.match(await tab.$eval(".notice", (one) => one.innerText), /Did this page come with the package\? Then it proves nothing\./);
  await tab.close();
  return "a page that was exchanged lies (A64), as the page and the guide say";
}

/** The command line hands out the page that was built before it, and says what it is worth. */
export async function handed(evidence, page) {
  const told = JSON.parse(evidence.run("export", "log", "-o", "with.zip", "--with-page", "--json"));
  assert.deepEqual(readFileSync(evidence.path("with.html")), readFileSync(page));
  assert.equal(told.page.sha256, createHash("sha256").update(readFileSync(page)).digest("hex"));
  assert.match(told.page.notice, /^a page that comes with the package proves nothing/);
  return `ai-audit export --with-page gives the page that was built, SHA-256 ${told.page.sha256.slice(0, 16)}…`;
}
