// Who is let in, what is kept of it, and what happens when the service is not there.

import assert from "node:assert/strict";

/** Nothing of a token or of a log is where it stays. */
const kept = (window) => window.tab.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie, location.search, location.hash]);

export async function headers(browser, keeper) {
  for (const [path, kind] of [["/console", "text/html"], ["/console/style.css", "text/css"], ["/console/script.js", "text/javascript"]]) {
    const response = await keeper.ask(path);
    assert.equal(response.status, 200);
    const header = (name) => response.headers.get(name);
    assert.ok(header("content-type").startsWith(kind));
    assert.match(header("content-security-policy"), /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; .*frame-ancestors 'none'/);
    assert.doesNotMatch(header("content-security-policy"), /unsafe|\*|http/);
    assert.deepEqual([header("x-content-type-options"), header("referrer-policy")], ["nosniff", "no-referrer"]);
    const text = await response.text();
    assert.doesNotMatch(text, kind === "text/html" ? /<style|<script>|\son\w+=|style=/ : /innerHTML|insertAdjacentHTML|document\.write|eval\(|localStorage|sessionStorage/);
  }
  const root = await keeper.ask("/", { redirect: "manual" });
  assert.deepEqual([root.status, root.headers.get("location")], [303, "/console"]);
  return "strict, and nothing inline";
}

export async function signIn(browser, keeper, tokens) {
  const window = await browser.open();
  assert.equal(await window.is("#app"), false, "nothing is shown before");
  assert.equal(await window.text("#trouble"), "", "nobody did anything wrong yet");
  await window.signIn("aat_wrong");
  assert.match(await window.text("#trouble"), /^Not signed in: this token is unknown/);
  assert.equal(await window.tab.$eval("#token", (field) => [field.value, field.type, document.activeElement === field].join()), ",password,true");
  await window.signIn(tokens.append.token);
  assert.match(await window.text("#trouble"), /has not the scope read/);
  await window.signIn(tokens.payments.token);
  assert.match(await window.text("#logs tbody"), /^payments\b/);
  assert.doesNotMatch(await window.text("#logs tbody"), /default/);
  assert.deepEqual(await kept(window), [0, 0, "", "", ""]);
  await window.tab.click("#sign-out");
  assert.equal(await window.is("#app"), false);
  assert.equal(await window.tab.$eval("#tiles", (one) => one.childElementCount), 0, "what was shown is gone, not only hidden");
  await window.signIn(tokens.read.token);
  assert.match(await window.text("#logs tbody"), /default[^]*idle[^]*payments/);
  await window.tab.reload();
  await window.tab.waitForSelector("#sign-in:not([hidden])");
  assert.deepEqual(await kept(window), [0, 0, "", "", ""]);
  assert.deepEqual([window.wrong, await window.violations()], [[], []]);
  assert.ok(window.answers.every((status) => status === "401" || status === "403"), window.answers.join());
  await window.close();
  return "a wrong token, one that may not read, one for one log; a reload asks again";
}

export async function revoked(browser, keeper) {
  const token = keeper.token("read");
  const window = await browser.open({ token: token.token });
  await window.search({ trace: "trip-42" });
  await window.receipt(0);
  keeper.run("token", "revoke", "audit", token.id);
  await new Promise((go) => setTimeout(go, 300));
  await window.look();
  await window.tab.waitForSelector("#sign-in:not([hidden])");
  assert.match(await window.text("#trouble"), /^Signed out: this token is unknown, was revoked/);
  const left = await window.tab.evaluate(() => ["tiles", "list", "receipt", "waiting", "drawings"].map((id) => document.getElementById(id).innerText.replace(/No\.|Kind|Says|Sealed at \(UTC\)/g, "").trim()).join(""));
  assert.equal(left, "", "nothing of the log is left");
  assert.deepEqual([window.wrong, await window.violations()], [[], []]);
  await window.close();
  return "the session ends, and what it showed is gone";
}

export async function gone(browser, keeper, tokens) {
  const window = await browser.open({ token: tokens.read.token });
  const size = (await window.tiles())["Receipts"];
  await keeper.stop();
  await window.look();
  await window.tab.waitForFunction(() => /the service does not answer/.test(document.getElementById("trouble").textContent));
  assert.match(await window.text("#trouble"), /^Since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: .*What is shown is of /);
  assert.match(await window.text("#live-state"), /no answer/);
  assert.equal((await window.tiles())["Receipts"], size, "what was known stays");
  await window.tab.$eval("#search-form button", (button) => button.click());
  await window.tab.waitForFunction(() => /could not be searched/.test(document.getElementById("found").textContent));
  await keeper.serve();
  await window.look();
  await window.settled();
  assert.equal(await window.text("#trouble"), "");
  // The stop and the new start are receipts, too.
  assert.notEqual((await window.tiles())["Receipts"], size);
  assert.deepEqual([window.wrong, await window.violations()], [[], []]);
  await window.close();
  return "it says since when, keeps what it had, and goes on";
}

export async function anybody(browser, keeper) {
  await keeper.stop();
  await keeper.serve("--open");
  const window = await browser.open();
  await window.settled();
  assert.deepEqual([await window.is("#sign-in"), await window.is("#sign-out"), await window.is("#app")], [false, false, true]);
  assert.match(await window.text("#logs tbody"), /default[^]*idle[^]*payments/);
  await window.search({ trace: "trip-42", kind: "decision" });
  assert.match(await window.receipt(0), /All of its 7 steps\./);
  // Where it asks for tokens from now on, nothing stays to be seen.
  await keeper.stop();
  await keeper.serve();
  await window.look();
  await window.tab.waitForSelector("#sign-in:not([hidden])");
  assert.match(await window.text("#trouble"), /asks for a token now/);
  assert.equal(await window.tab.$eval("#tiles", (one) => one.childElementCount), 0);
  assert.deepEqual([window.wrong, await window.violations()], [[], []]);
  await window.close();
  return "an open service asks for nothing, until it does";
}
