// A directory with several logs, served by the real program, and what is in them.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Texts that want to be more than texts (A85). */
export const HOSTILE = [
  "</script><script>document.title='taken'</script>",
  "<img src=x onerror=\"document.title='taken'\">",
  "</title></svg><svg onload=\"document.title='taken'\"><script>document.title='taken'</script>",
  "\u202egnp.exe\u2066 \u200b\u{e0041}",
  "\u001b[31mred\u001b]0;title\u0007",
  "javascript:document.title='taken'",
  "{{constructor.constructor('document.title=1')()}} ${1} %00 &lt;b&gt; &#x3c;",
];
/** How many decisions the log has whose rate and models change. */
const MANY = 3000;

export class Keeper {
  constructor(program, folder) {
    this.program = resolve(program);
    this.folder = resolve(folder);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    this.environment = { ...process.env, AI_AUDIT_HIGH_WATER_MARKS: this.path("marks") };
  }

  path(name) {
    return join(this.folder, name);
  }

  run(...args) {
    return execFileSync(this.program, args, { cwd: this.folder, encoding: "utf8", env: this.environment, stdio: ["ignore", "pipe", "pipe"] });
  }

  /** Three logs, of which the default one lost something. */
  open() {
    this.run("init", "audit", "--name", "example.org/support", "-q");
    this.run("init", "audit", "--log", "payments", "--name", "example.org/payments", "-q");
    this.run("init", "audit", "--log", "idle", "--name", "example.org/idle", "-q");
    const lines = this.path("lines.jsonl");
    writeFileSync(lines, "{\"model\":\"model-a\"}\n{\"model\":\"model-a\"}\n");
    const record = () => this.run("record", "audit", lines, "-q");
    record();
    cpSync(this.path("audit"), this.path("backup"), { recursive: true, preserveTimestamps: true });
    record();
    rmSync(this.path("audit"), { recursive: true });
    cpSync(this.path("backup"), this.path("audit"), { recursive: true, preserveTimestamps: true });
    this.run("adopt", "audit", "-q");
  }

  /** What the command line says of a package, under the key line that an auditor holds. */
  verify(name) {
    const { stdout, stderr } = spawnSync(this.program, ["verify", name, "--key", "audit/log.pub", "--json"], { cwd: this.folder, encoding: "utf8" });
    if (stdout === "") throw new Error(stderr);
    return JSON.parse(stdout);
  }

  /** A token: its text and its id. */
  token(scope, ...more) {
    return JSON.parse(this.run("token", "create", "audit", "--scope", scope, ...more, "--json"));
  }

  /** Serves the directory, where it was served before. */
  async serve(...more) {
    const listen = this.url ? new URL(this.url).host : "127.0.0.1:0";
    this.process = spawn(this.program, ["serve", "audit", "--listen", listen, "--json", ...more], { cwd: this.folder, env: this.environment, stdio: ["ignore", "pipe", "inherit"] });
    this.ended = new Promise((go) => this.process.once("exit", go));
    const line = await new Promise((go, stop) => {
      this.process.once("exit", () => stop(new Error("the service did not start")));
      this.process.stdout.once("data", (data) => go(String(data)));
    });
    this.url = JSON.parse(line).url;
  }

  async stop() {
    this.process.kill("SIGTERM");
    await this.ended;
  }

  async ask(path, { token, ...options } = {}) {
    return fetch(this.url + path, { ...options, headers: { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...options.headers } });
  }

  async get(path, token) {
    const response = await this.ask(path, { token });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async post(path, body, token) {
    const response = await this.ask(path, { token, method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Decisions whose rate changes, traces, an open intent, escalations, an incident, hostile texts. */
  async fill(token) {
    const decisions = Array.from({ length: MANY }, (_, n) => ({
      model: n % 5 ? "model-a" : "model-b", provider: "example", session_id: `s-${n % 7}`, trace_id: `chat-${n >> 2}`,
      action: n % (n < 2000 ? 97 : 9) === 3 ? "reject" : n % 401 === 5 ? "cache_hit" : "allow",
      checks: [{ name: "toxicity", score: (n * 37 % 100) / 100, threshold: 0.9, fired: (n * 37) % 100 > 90 }],
    }));
    for (let from = 0; from < MANY; from += 1000) await this.post("/v1/logs/default/decisions", { records: decisions.slice(from, from + 1000) }, token);
    await this.post("/v1/logs/default/traces", this.trip(), token);
    for (const [place, text] of HOSTILE.entries()) {
      await this.post("/v1/logs/default/decisions", { model: text, actor: text, trace_id: `hostile-${place}`, session_id: text, tags: [text], reason_codes: [text], checks: [{ name: text, fired: true }] }, token);
    }
    await this.post("/v1/logs/default/decisions", { model: "m", trace_id: "long", tags: ["x".repeat(30_000)] }, token);
    const escalated = await this.post("/v1/logs/default/decisions", { records: [1, 2, 3].map(() => ({ model: "model-a", action: "escalate" })) }, token);
    await this.review(escalated.receipts[1].seq, token);
    await this.post("/v1/logs/default/incidents", { stage: "opened", class: "serious", category: HOSTILE[1], aware_at: new Date(Date.now() - 86_400_000).toISOString(), receipts: [escalated.receipts[0].hash] }, token);
    await this.post("/v1/logs/payments/decisions", { model: "of payments alone" }, token);
    this.escalated = escalated.receipts.map((one) => one.seq);
  }

  /** A trace with tool calls, one of which never ended. */
  trip() {
    return { trace_id: "trip-42", session_id: "s-trip", steps: [
      { kind: "decision", ref: "ask", model: "planner", actor: "planner", action: "allow" },
      { kind: "tool_intent", ref: "flights", tool: "search_flights", call_id: "call-1", actor: "planner", parents: ["ask"] },
      { kind: "tool_outcome", ref: "found", intent: "flights", status: "ok", actor: "planner" },
      { kind: "tool_intent", ref: "hotel", tool: HOSTILE[2], call_id: HOSTILE[3], actor: HOSTILE[0], parents: ["ask"] },
      { kind: "tool_outcome", ref: "none", intent: "hotel", status: "error", error: HOSTILE[1], actor: HOSTILE[0] },
      { kind: "decision", ref: "choose", model: "planner", actor: "planner", action: "allow", parents: ["found", "none"] },
      { kind: "tool_intent", ref: "book", tool: "book_flight", call_id: HOSTILE[1], actor: "planner", parents: ["choose"] },
    ] };
  }

  /** A review of a receipt, signed by the real program. */
  async review(seq, token) {
    const proof = await this.ask(`/v1/logs/default/receipts/${seq}/proof`, { token });
    writeFileSync(this.path("r.proof"), Buffer.from(await proof.arrayBuffer()));
    this.run("review", "keygen", "officer.pem", "-q");
    this.run("review", "sign", "r.proof", "--key", "officer.pem", "--approve", "-o", "r.review", "-q");
    await this.post("/v1/logs/default/reviews", JSON.parse(readFileSync(this.path("r.review"), "utf8")), token);
  }
}
