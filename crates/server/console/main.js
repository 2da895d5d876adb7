// What happens when: signing in, asking again and again, what a person chooses.

const service = new Service();
const search = new Search(service);
const pane = new Pane(service);

/** Milliseconds between two looks, and after so many of them that failed. */
const EVERY = 5000;
/** So many looks at a log to one at all logs. */
const SELDOM = 6;
/** Logs that are listed. */
const LISTED = 500;
const AFTER_FAILURES = [5000, 10_000, 20_000, 30_000];

/** `session` tells answers to an older sign-in from those to this one; `log` is looked at. */
const state = { session: 0, log: "", logs: [], paused: false, timer: 0, round: 0, failures: 0, since: null, seen: null, drawn: -1, paths: null, verdict: null };

const announce = (text) => (at("status").textContent = text);

function complain(...parts) {
  at("trouble").hidden = parts.length === 0;
  at("trouble").replaceChildren(...parts);
}

/** Shows whether what is shown is of now. */
function live(status, word) {
  at("live-state").replaceWith(Object.assign(answer(status, word), { id: "live-state" }));
  at("as-of").textContent = state.seen ? `as of ${seconds(state.seen).slice(11)} UTC` : "";
}

/** Takes away all that is shown of any log. */
function clear() {
  clearTimeout(state.timer);
  taking?.abort();
  Object.assign(state, { session: state.session + 1, log: "", logs: [], failures: 0, since: null, seen: null, drawn: -1, paths: null, verdict: null });
  pane.close();
  search.reset("");
  for (const id of ["session", "app", "log", "attention", "paths", "search", "package", "verdict", "by-hand"]) at(id).hidden = true;
  for (const id of ["tiles", "waiting", "drawings", "verdict", "taking", "by-hand", "ready", "origin"]) at(id).replaceChildren();
  for (const id of ["search-form", "package-form"]) at(id).reset();
  packageFields();
  at("logs").tBodies[0].replaceChildren();
}

/** Asks for a token, and says why. */
function askForToken(why) {
  service.take("");
  clear();
  at("sign-in").hidden = false;
  at("token").value = "";
  complain(...(why ? [said(why)] : []));
  at("token").focus();
}

/** Signs in with what the service holds. */
async function begin() {
  const session = state.session;
  let logs;
  try {
    ({ logs } = await service.json("/v1/logs"));
  } catch (error) {
    if (session !== state.session) return;
    if (error.status === 401) {
      askForToken(service.signed ? `Not signed in: ${error.message}.` : "");
      return;
    }
    // One that may not read is none for this page.
    if (error.status === 403 && service.signed) askForToken(`Not signed in: ${error.message}.`);
    else complain(said(`${error.message}. `), retry());
    return;
  }
  if (session !== state.session) return;
  complain();
  at("sign-in").hidden = true;
  at("session").hidden = at("app").hidden = false;
  at("sign-out").hidden = !service.signed;
  showLogs(logs);
  announce(`${counted(logs.length, "log", "logs")}.`);
  if (logs.length > 0) await choose(logs[0].name);
  if (service.signed) at("logs-title").focus();
}

function retry() {
  const button = el("button", { type: "button" }, "Try again");
  button.addEventListener("click", begin);
  return button;
}

function showLogs(logs) {
  state.logs = logs;
  const had = document.activeElement?.dataset?.log;
  const rows = logs.slice(0, LISTED).map((log) => {
    const own = log.name === state.log;
    const pick = el("button", { type: "button", class: "link", "data-log": log.name, "aria-pressed": String(own) }, said(log.name));
    const behind = log.size - (log.checkpoint ?? 0);
    return el("tr", own ? { "aria-current": "true" } : {},
      el("th", { scope: "row", "data-name": "Log" }, pick),
      el("td", { "data-name": "Open for writing" }, log.writing ? answer("quiet", "yes") : answer("due", "no")),
      el("td", { "data-name": "Receipts" }, count(log.size)),
      el("td", { "data-name": "Last receipt" }, log.last_sealed_at ? seconds(log.last_sealed_at) : "its bytes are deleted"),
      el("td", { "data-name": "Checkpoint" }, log.checkpoint === null ? answer("due", "none yet") : behind === 0 ? answer("quiet", "covers all") : `${count(behind)} behind`));
  });
  at("logs").tBodies[0].replaceChildren(...(rows.length > 0 ? rows : [el("tr", {}, el("td", { colspan: "5" }, "There is no log that this token may see."))]));
  if (logs.length > LISTED) at("logs").tBodies[0].append(el("tr", {}, el("td", { colspan: "5" }, `${count(logs.length - LISTED)} more are not listed: sign in with a token for the logs that matter.`)));
  if (had !== undefined) at("logs").querySelector(`[data-log="${CSS.escape(had)}"]`)?.focus();
}

/** Looks at another log. */
async function choose(log) {
  clearTimeout(state.timer);
  Object.assign(state, { log, round: 0, drawn: -1, paths: null, verdict: null });
  pane.close();
  search.reset(log);
  at("found").textContent = "";
  at("verdict").hidden = true;
  at("verdict").replaceChildren();
  at("log-title").replaceChildren("Log ", said(log));
  showLogs(state.logs);
  for (const id of ["log", "attention", "paths", "search", "package"]) at(id).hidden = false;
  for (const id of ["tiles", "waiting", "drawings"]) at(id).replaceChildren();
  await look();
}

/** Asks how the log is, and again later. */
async function look() {
  clearTimeout(state.timer);
  const { session, log } = state;
  let wait = EVERY;
  try {
    const overview = await service.json(service.of(log, "overview"));
    if (session !== state.session || log !== state.log) return;
    show(overview);
    if (overview.looked_at < overview.size) wait = 50;
    else if (state.drawn !== overview.looked_at) await drawPaths(session, log);
    // The other logs, and the disk, are looked at less often.
    if (state.round % SELDOM === 0) {
      const { logs } = await service.json("/v1/logs");
      if (session !== state.session || log !== state.log) return;
      showLogs(logs);
      await ready();
    }
    state.round += 1;
    if (state.failures > 0) announce("The service answers again.");
    Object.assign(state, { failures: 0, since: null });
    complain();
    if (state.paused) live("due", "paused");
    else live("quiet", "live");
  } catch (error) {
    if (session !== state.session || log !== state.log) return;
    if (failed(error)) return;
    wait = AFTER_FAILURES[Math.min(state.failures, AFTER_FAILURES.length) - 1];
  }
  if (!state.paused && !document.hidden) state.timer = setTimeout(look, wait);
}

/** Says what went wrong; whether nothing is to be asked any more. */
function failed(error) {
  if (error.status === 401) {
    askForToken(service.signed ? `Signed out: ${error.message}.` : "The service asks for a token now.");
    return true;
  }
  state.failures += 1;
  state.round = 0;
  state.since ??= new Date().toISOString();
  const shown = state.seen ? ` What is shown is of ${seconds(state.seen)} UTC.` : "";
  complain(said(`Since ${seconds(state.since)} UTC: ${error.message}.${shown}`));
  live("failed", error.status === 0 ? "no answer" : "refused");
  return false;
}

function show(overview) {
  state.seen = overview.now;
  at("origin").replaceChildren("Origin ", code(overview.origin));
  at("counting").hidden = overview.looked_at >= overview.size;
  at("counting").textContent = `${count(overview.looked_at)} of ${count(overview.size)} receipts are counted so far; the figures are of these.`;
  const focused = document.activeElement?.id === "judge";
  const judge = el("button", { type: "button", id: "judge" }, "Verify now");
  judge.disabled = state.verdict !== null;
  judge.addEventListener("click", verify);
  at("tiles").replaceChildren(...tiles(overview, judge));
  if (focused) at("judge").focus();
  keepFocus(at("waiting"), waitingOf(overview));
}

/** Puts something anew, and the focus where it was. */
function keepFocus(target, parts) {
  const seq = target.contains(document.activeElement) ? document.activeElement.dataset.seq : undefined;
  target.replaceChildren(...parts);
  if (seq !== undefined) target.querySelector(`[data-seq="${CSS.escape(seq)}"]`)?.focus();
}

async function drawPaths(session, log) {
  const paths = await service.json(service.of(log, "paths"));
  if (session !== state.session || log !== state.log) return;
  state.paths = paths;
  state.drawn = paths.looked_at;
  at("paths-note").replaceChildren("Of decisions that are ", code(paths.sprt.event), ", in their order. ", el("code", {}, "ai-audit analyze"), " asks the same with other parameters.");
  draw();
}

/** Draws the paths as wide as there is room; what is open stays open. */
function draw() {
  if (state.paths === null) return;
  const target = at("drawings");
  const room = target.clientWidth;
  const columns = room > 900 ? 2 : 1;
  const open = [...target.querySelectorAll("details")].map((one) => one.open);
  if (target.contains(document.activeElement)) return;
  target.replaceChildren(...drawings(Math.floor((room - (columns - 1) * 32) / columns), state.paths));
  [...target.querySelectorAll("details")].forEach((one, place) => (one.open = open[place] ?? false));
}

async function ready() {
  try {
    await service.answer("/readyz");
    at("ready").replaceChildren(answer("quiet", "The service can seal."));
  } catch (error) {
    if (error.status === 0) throw error;
    at("ready").replaceChildren(answer("failed", "Nothing can be sealed now"), ": ", said(error.message));
  }
}

async function verify() {
  const { session, log } = state;
  const own = {};
  state.verdict = own;
  at("judge").disabled = true;
  announce("The service verifies its log.");
  const target = at("verdict");
  try {
    const report = await service.json(service.of(log, "verdict"));
    if (session !== state.session || log !== state.log) return;
    target.replaceChildren(...verdictOf(report));
    target.hidden = false;
    at("verdict-title").focus({ preventScroll: true });
    target.scrollIntoView({ block: "nearest" });
    announce(`The keeper's own verdict: ${sentenceOf(report)}.`);
  } catch (error) {
    if (session !== state.session || log !== state.log) return;
    if (error.status === 401) failed(error);
    else {
      target.replaceChildren(el("p", { class: "problem" }, "It could not be verified: ", said(error.message)));
      target.hidden = false;
    }
  } finally {
    if (state.verdict === own) {
      state.verdict = null;
      if (at("judge")) at("judge").disabled = false;
    }
  }
}

/** Does what a person asked for; a token that is none any more ends the session. */
async function act(work) {
  const { session } = state;
  try {
    await work();
  } catch (error) {
    if (session !== state.session) return;
    if (!(error instanceof Refused)) throw error;
    if (error.status === 401 || error.status === 0) failed(error);
  }
}

at("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = at("token").value.trim();
  if (token === "" || !service.take(token)) {
    complain("That is no token: it has characters that no token has, or none at all.");
    at("token").focus();
    return;
  }
  at("token").value = "";
  complain();
  announce("Signing in.");
  begin();
});
at("sign-out").addEventListener("click", () => {
  askForToken("");
  announce("Signed out. The token is forgotten.");
});
at("pause").addEventListener("click", () => {
  state.paused = !state.paused;
  at("pause").setAttribute("aria-pressed", String(state.paused));
  live("due", state.paused ? "paused" : "looking");
  state.round = 0;
  if (!state.paused && state.log !== "") look();
});
at("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  act(() => search.begin());
});
at("search-form").addEventListener("reset", () => search.reset(state.log));
at("more").addEventListener("click", () => act(() => search.more()));
at("p-what").addEventListener("change", packageFields);
at("package-form").addEventListener("submit", (event) => {
  event.preventDefault();
  act(() => takePackage(service, state.log));
});
at("stop-taking").addEventListener("click", () => taking?.abort());
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-seq], [data-log]");
  if (link === null || link === undefined) return;
  if (link.dataset.log !== undefined) act(() => choose(link.dataset.log));
  else act(() => pane.open(state.log, link.dataset.seq, link));
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && at("receipt").contains(document.activeElement)) pane.close();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !state.paused && state.log !== "") look();
});
let width = 0;
new ResizeObserver(() => {
  const now = at("drawings").clientWidth;
  if (now !== width) draw();
  width = now;
}).observe(at("drawings"));

begin();
