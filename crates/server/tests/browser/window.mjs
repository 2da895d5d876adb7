// The console in headless Chromium, with everybody watched whom it could talk to.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

/** What the browser itself asks for, in spite of flags; a page would be seen asking as well. */
const BROWSERS_OWN = /^(https?:\/\/)?[a-z0-9.]+\.(google|googleapis|gvt1)\.com[:/]/;
/** What a browser says of an answer that is none; whether it may be one, each test says. */
const ANSWERS = /^Failed to load resource: (the server responded with a status of (\d+)|net::ERR_(CONNECTION_REFUSED|EMPTY_RESPONSE|CONNECTION_RESET))/;
const LONG = 30_000;

export class Browser {
  /** `tools` is the folder with puppeteer-core and axe-core. */
  static async start(tools, chromium, keeper) {
    const own = new Browser();
    const require = createRequire(join(resolve(tools), "node_modules", "x.js"));
    const puppeteer = require("puppeteer-core");
    own.axe = readFileSync(join(tools, "node_modules/axe-core/axe.min.js"), "utf8");
    own.keeper = keeper;
    // All that leaves the browser for anybody but the service would come by here.
    own.asked = [];
    const asked = (url) => BROWSERS_OWN.test(url) || own.asked.push(url);
    own.proxy = createServer((request, response) => {
      // A page of somebody else's, that wants to put the console into a frame.
      if (request.url.startsWith("http://framer.test/")) {
        response.setHeader("Content-Type", "text/html");
        response.end(`<iframe src="${keeper.url}/console"></iframe>`);
        return;
      }
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
      args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-features=AutofillServerCommunication", `--proxy-server=http://127.0.0.1:${port}`, `--proxy-bypass-list=<-loopback>;${new URL(keeper.url).host}`],
      timeout: LONG,
      protocolTimeout: LONG,
    });
    return own;
  }

  async close() {
    await this.chromium.close();
    this.proxy.close();
  }

  /** A window with the console in it, signed in where a token is given. */
  async open({ token, width = 1280, height = 900, scheme = "light" } = {}) {
    const tab = await this.chromium.newPage();
    const own = new Window();
    Object.assign(own, { tab, browser: this, wrong: [], answers: [] });
    tab.setDefaultTimeout(LONG);
    tab.on("console", (message) => {
      const answer = ANSWERS.exec(message.text());
      if (answer) own.answers.push(answer[2] ?? answer[3]);
      else own.wrong.push(`console: ${message.text()}`);
    });
    tab.on("pageerror", (error) => own.wrong.push(`error: ${error}`));
    tab.on("dialog", (dialog) => own.wrong.push(`dialog: ${dialog.message()}`));
    tab.on("request", (request) => {
      const url = request.url();
      const ours = url.startsWith(`${this.keeper.url}/`) || url.startsWith(`blob:${this.keeper.url}/`);
      if (!ours) own.wrong.push(`request: ${url.slice(0, 200)}`);
      if (request.method() !== "GET") own.wrong.push(`${request.method()} ${url}`);
      if (token && url.includes(token)) own.wrong.push(`the token is in ${url}`);
    });
    await tab.evaluateOnNewDocument(() => {
      globalThis.violations = [];
      document.addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
    });
    await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await tab.setViewport({ width, height });
    await tab.goto(`${this.keeper.url}/console`, { waitUntil: "load" });
    if (token) await own.signIn(token);
    // The first request is without a token, and refused.
    own.answers = [];
    return own;
  }
}

export class Window {
  /** Pastes a token, and waits for what comes of it. */
  async signIn(token) {
    await this.tab.waitForSelector("#sign-in:not([hidden])");
    await this.tab.type("#token", token);
    await this.tab.click("#sign-in-form button");
    await this.tab.waitForFunction(() => !document.getElementById("app").hidden || !document.getElementById("trouble").hidden);
    if (await this.is("#app")) await this.settled();
  }

  /** Until the log that is looked at is counted whole and drawn. */
  async settled() {
    await this.tab.waitForFunction(() => document.querySelector("#live-state")?.textContent === "live" && document.querySelector("#tiles .tile") && document.getElementById("counting").hidden);
  }

  /** Whether it is to be seen. */
  is(selector) {
    return this.tab.$eval(selector, (one) => one.checkVisibility());
  }

  /** What is to be read there, nothing where it is hidden. */
  text(selector) {
    return this.tab.$eval(selector, (one) => (one.checkVisibility() ? one.innerText.trim() : ""));
  }

  /** The tiles by their names. */
  tiles() {
    return this.tab.$$eval(".tile", (all) => Object.fromEntries(all.map((one) => [one.querySelector("h3").innerText, one.innerText.split("\n").slice(1).join("\n").trim()])));
  }

  /** Searches, and gives the lines that were found. */
  async search(fields) {
    await this.tab.$eval("#search-form", (form) => form.reset());
    for (const [name, value] of Object.entries(fields)) await this.tab.$eval(`#s-${name}`, (field, to) => (field.value = to), value);
    await this.tab.$eval("#found", (found) => (found.textContent = ""));
    await this.tab.$eval("#search-form button", (button) => button.click());
    await this.tab.waitForFunction(() => document.getElementById("found").textContent !== "");
    return this.tab.$$eval("#list tbody tr", (rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText)));
  }

  /** Opens the receipt in a line of what was found, with its trace. */
  async receipt(place) {
    const name = await this.tab.$$eval("#list tbody tr button", (all, at) => {
      all[at].click();
      return all[at].innerText;
    }, place);
    // The one that was shown before stays until this one is there.
    await this.tab.waitForFunction((title) => document.getElementById("receipt-title")?.innerText === title, {}, `Receipt ${name}`);
    return this.opened();
  }

  async opened() {
    await this.tab.waitForFunction(() => document.activeElement.id === "receipt");
    await this.tab.waitForFunction(() => !/Reading the trace/.test(document.getElementById("receipt").innerText));
    await this.tab.waitForFunction(() => [...document.images].every((image) => image.complete && image.naturalWidth > 0));
    return this.text("#receipt");
  }

  /** Has the page look anew, now. */
  async look() {
    await this.tab.click("#pause");
    await this.tab.click("#pause");
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

  violations() {
    return this.tab.evaluate(() => globalThis.violations);
  }

  close() {
    return this.tab.close();
  }
}
