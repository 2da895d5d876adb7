// Tests of the console in headless Chromium, against the real service.
//
// node run.mjs TOOLS CHROMIUM COMMAND FOLDER PICTURES whole|short [TEST]...

import { mkdirSync } from "node:fs";
import { keyboard, listening, looks, narrow } from "./hands.mjs";
import { Keeper } from "./keeper.mjs";
import { anybody, gone, headers, revoked, signIn } from "./session.mjs";
import { forbidden, hostile, overview, packages, searching } from "./shown.mjs";
import { Browser } from "./window.mjs";

const [tools, chromium, command, folder, pictures, size, ...only] = process.argv.slice(2);
mkdirSync(pictures, { recursive: true });
const since = (began) => `${((Date.now() - began) / 1000).toFixed(1)} s`;
let began = Date.now();
const keeper = new Keeper(command, folder);
keeper.open();
const tokens = { read: keeper.token("read"), append: keeper.token("append"), admin: keeper.token("admin"), payments: keeper.token("read", "--log", "payments") };
await keeper.serve();
await keeper.fill(tokens.admin.token);
console.log(`served and filled: ${since(began)}`);
const browser = await Browser.start(tools, chromium, keeper);
const hands = size === "whole" ? { looks: (...args) => looks(...args, pictures) } : { narrow };
const tests = { headers, signIn, overview, searching, hostile, forbidden, packages, keyboard, listening, ...hands, revoked, gone, anybody };
const wanted = Object.entries(tests).filter(([name]) => only.length === 0 || only.includes(name));
let failed = 0;
for (const [name, test] of wanted) {
  began = Date.now();
  try {
    console.log(`ok ${name}: ${await test(browser, keeper, tokens)} (${since(began)})`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name} (${since(began)})\n${error.stack}`);
  }
}
await browser.close();
await keeper.stop();
console.log(`${wanted.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
