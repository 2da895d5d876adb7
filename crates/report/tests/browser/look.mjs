// Opens a report in headless Chromium at two widths, light and dark, and says what is wrong with it:
// messages on the console, requests, what sticks out of the page, findings of axe-core. Pictures and a
// print go beside it, to be looked at by people.
//
// node look.mjs TOOLS PAGE CHROMIUM

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [tools, page, chromium] = process.argv.slice(2);
const require = createRequire(join(resolve(tools), "node_modules", "x.js"));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(join(tools, "node_modules/axe-core/axe.min.js"), "utf8");
const url = pathToFileURL(resolve(page)).href;

// A machine that does other things as well is slow, not wrong.
const LONG = 180_000;
const browser = await puppeteer.launch({
  browser: "chrome",
  timeout: LONG,
  protocolTimeout: LONG,
  executablePath: ["/usr/bin/", "/usr/local/bin/", "/opt/google/chrome/", ""]
    .map((folder) => folder + chromium)
    .find((path) => { try { readFileSync(path); return true; } catch { return false; } }),
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
});
let failed = false;
try {
  for (const width of [1280, 390]) {
    for (const scheme of ["light", "dark"]) {
      const wrong = await look(width, scheme);
      failed ||= wrong.length > 0;
      console.log(`${width} ${scheme}: ${wrong.length ? wrong.join("\n  ") : "nothing wrong"}`);
    }
  }
} finally {
  await browser.close();
}
process.exit(failed ? 1 : 0);

async function look(width, scheme) {
  const wrong = [];
  const tab = await browser.newPage();
  tab.setDefaultTimeout(LONG);
  tab.on("console", (message) => wrong.push(`console: ${message.text()}`));
  tab.on("pageerror", (error) => wrong.push(`error: ${error}`));
  tab.on("request", (request) => {
    if (request.url() !== url) wrong.push(`request: ${request.url().slice(0, 200)}`);
  });
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await tab.setViewport({ width, height: 900 });
  await tab.goto(url, { waitUntil: "load" });
  const overflow = await tab.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  if (overflow > 0) wrong.push(`the page is ${overflow} pixels wider than the window`);
  // Evaluated by the debugger: the page's own policy would not let it in.
  await tab.evaluate(axe);
  const findings = await tab.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  for (const finding of findings.violations) {
    if (["serious", "critical"].includes(finding.impact)) {
      const where = finding.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ");
      wrong.push(`${finding.id} (${finding.impact}, ${finding.nodes.length}): ${where}`);
    }
  }
  const picture = page.replace(/\.html$/, `-${width}-${scheme}`);
  await tab.screenshot({ path: `${picture}.png` });
  if (width === 1280 && scheme === "light") {
    await tab.pdf({ path: page.replace(/\.html$/, "-print.pdf"), format: "A4" });
  }
  await tab.close();
  return wrong;
}
