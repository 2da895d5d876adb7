// The page in headless Chromium, as a person uses it, with everybody watched whom it could talk to.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** What the browser itself asks for, in spite of flags; a page would be seen asking as well. */
const BROWSERS_OWN = /^(https?:\/\/)?[a-z0-9.]+\.(google|googleapis|gvt1)\.com[:/]/;
/** Milliseconds that a verification may take. */
const LONG = 600_000;

export class Browser {
  /** `tools` is the folder with puppeteer-core and axe-core. */
  static async start(tools, page, chromium) {
    const own = new Browser();
    const require = createRequire(join(resolve(tools), "node_modules", "x.js"));
    const puppeteer = require("puppeteer-core");
    own.axe = readFileSync(join(tools, "node_modules/axe-core/axe.min.js"), "utf8");
    own.url = pathToFileURL(resolve(page)).href;
    // All that leaves the browser would come by here.
    own.asked = [];
    const asked = (url) => BROWSERS_OWN.test(url) || own.asked.push(url);
    own.proxy = createServer((request, response) => {
      asked(request.url);
      response.end();
    });
    own.proxy.on("connect", (request, socket) => {
      asked(request.url);
      socket.destroy();
    });
    await new Promise((go) => own.proxy.listen(0, "127.0.0.1", go));
    const port = own.proxy.address().port;
    own.chromium = await puppeteer.launch({
      browser: "chrome",
      executablePath: execFileSync("which", [chromium], { encoding: "utf8" }).trim(),
      args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", `--proxy-server=http://127.0.0.1:${port}`, "--proxy-bypass-list=<-loopback>"],
      timeout: LONG,
      protocolTimeout: LONG,
    });
    return own;
  }

  async close() {
    await this.chromium.close();
    this.proxy.close();
  }

  /** A window with the page in it. */
  async open({ width = 1280, height = 900, scheme = "light" } = {}) {
    const tab = await this.chromium.newPage();
    tab.setDefaultTimeout(LONG);
    const own = new Window();
    Object.assign(own, { tab, browser: this, wrong: [] });
    tab.on("console", (message) => own.wrong.push(`console: ${message.text()}`));
    tab.on("pageerror", (error) => own.wrong.push(`error: ${error}`));
    tab.on("dialog", (dialog) => own.wrong.push(`dialog: ${dialog.message()}`));
    tab.on("request", (request) => {
      const url = request.url();
      if (url !== this.url && !url.startsWith("blob:null/")) own.wrong.push(`request: ${url.slice(0, 200)}`);
    });
    await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await tab.setViewport({ width, height });
    // What the page would save is read out of the blob that it makes.
    await tab.evaluateOnNewDocument(() => {
      const make = URL.createObjectURL;
      URL.createObjectURL = (blob) => {
        if (blob.type === "application/json") globalThis.saved = blob;
        return make.call(URL, blob);
      };
    });
    await tab.goto(this.url, { waitUntil: "load" });
    return own;
  }
}

export class Window {
  /** Chooses what a person brings, and begins. */
  async begin({ file, key = "", checkpoints = [], size = "", policy }) {
    const put = async (id, ...files) => (await this.tab.$(`#${id}`)).uploadFile(...files);
    await put("package", file);
    await this.tab.$eval("#key", (field, text) => (field.value = text), key);
    await this.tab.$eval("#more", (more) => (more.open = true));
    if (checkpoints.length > 0) await put("checkpoint", ...checkpoints);
    if (policy) await put("policy", policy);
    await this.tab.$eval("#size", (field, text) => (field.value = text), size);
    await this.tab.click("#go");
  }

  /** Verifies, to the end of the list; gives what a person reads and what he can save. */
  async verify(brought) {
    await this.begin(brought);
    return this.verdict();
  }

  async verdict() {
    await this.tab.waitForFunction(
      () => document.body.dataset.ready === "listed" || !document.getElementById("problem").hidden,
      { timeout: LONG },
    );
    const problem = await this.text("#problem");
    if (problem !== "") return { problem };
    await this.tab.click("#save");
    const report = await this.tab.evaluate(async () => JSON.parse(await globalThis.saved.text()));
    return { report, headline: await this.text("#headline"), answers: await this.answers(), note: await this.text("#headline-note") };
  }

  /** The five answers as they are read. */
  answers() {
    return this.tab.$$eval("#answers tbody tr", (rows) => Object.fromEntries(rows.map((row) => [
      row.cells[0].firstChild.textContent, [row.cells[1].textContent, row.cells[2].textContent],
    ])));
  }

  /** What is to be read there, nothing where it is hidden. */
  text(selector) {
    return this.tab.$eval(selector, (one) => (one.hidden ? "" : one.innerText.trim()));
  }

  /** Sets filters, and waits for how many there are. */
  async filter(fields) {
    await this.tab.$eval("#filter", (form) => form.reset());
    for (const [name, value] of Object.entries(fields)) {
      await this.tab.$eval(`#f-${name}`, (field, to) => (typeof to === "boolean" ? (field.checked = to) : (field.value = to)), value);
    }
    await new Promise((go) => setTimeout(go, 50));
    await this.tab.$eval("#found", (found) => (found.textContent = ""));
    await this.tab.click("#f-go");
    await this.tab.waitForFunction(() => /receipt|expected/.test(document.getElementById("found").textContent), { timeout: LONG });
    return this.text("#found");
  }

  /** Opens the receipt in a line of the list, with its trace. */
  async open(place) {
    await this.tab.waitForSelector(`#line-${place} .c-state`);
    await this.tab.$eval(`#line-${place}`, (line) => line.click());
    await this.tab.waitForFunction(() => document.querySelector("#receipt .path, #receipt .caution, #receipt .problem"));
    await this.tab.waitForFunction(() => !/Reading the trace/.test(document.getElementById("receipt").innerText));
    await this.tab.waitForFunction(() => [...document.images].every((image) => image.complete && image.naturalWidth > 0));
    return this.text("#receipt");
  }

  /** Findings of axe-core, of any weight. */
  async axe() {
    // Evaluated by the debugger: the page's own policy would not let it in.
    await this.tab.evaluate(this.browser.axe);
    const { violations } = await this.tab.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    return violations.map((one) => `${one.id} (${one.impact}): ${one.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")}`);
  }

  /** By how much the page is wider than the window. */
  overflow() {
    return this.tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  }

  close() {
    return this.tab.close();
  }
}
