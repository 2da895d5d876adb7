// Tests of the auditor's page in headless Chromium, with packages of the real command line.
//
// node run.mjs TOOLS PAGE CHROMIUM COMMAND FOLDER PICTURES MEGABYTES [TEST]...

import { mkdirSync } from "node:fs";
import { Evidence } from "./evidence.mjs";
import { keyboard, listening, looks } from "./hands.mjs";
import { exchanged, handed, hostile } from "./hostile.mjs";
import { huge } from "./huge.mjs";
import { exchangedInputs, heldAgainst, stopped } from "./inputs.mjs";
import { verdicts } from "./verdicts.mjs";
import { Browser } from "./window.mjs";

const [tools, page, chromium, command, folder, pictures, megabytes, ...only] = process.argv.slice(2);
mkdirSync(pictures, { recursive: true });
const evidence = new Evidence(command, folder);
const tests = { verdicts, exchangedInputs, heldAgainst, stopped, handed: () => handed(evidence, page), hostile, exchanged: (browser) => exchanged(browser, evidence, page), keyboard, listening, looks: (browser) => looks(browser, evidence, pictures), huge };
const wanted = Object.entries(tests).filter(([name]) => only.length === 0 || only.includes(name));

const since = (began) => `${((Date.now() - began) / 1000).toFixed(1)} s`;
let began = Date.now();
evidence.small();
evidence.forged();
if (wanted.some(([name]) => name === "huge")) evidence.huge(Number(megabytes));
console.log(`evidence made by the command line: ${since(began)}`);
const browser = await Browser.start(tools, page, chromium);
let failed = 0;
for (const [name, test] of wanted) {
  began = Date.now();
  try {
    console.log(`ok ${name}: ${await test(browser, evidence)} (${since(began)})`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name} (${since(began)})\n${error.stack}`);
  }
}
await browser.close();
console.log(`${wanted.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
