// Logs and packages of the real command line, and what forgers make of them.

import { execFileSync, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { pack, receipts, unpack } from "./zip.mjs";

/** Texts that want to be more than texts (A65). */
export const HOSTILE = [
  "</script><script>document.title='taken'</script>",
  "<img src=x onerror=\"document.title='taken'\">",
  "</title></svg><svg onload=\"document.title='taken'\"><script>document.title='taken'</script>",
  "\u202egnp.exe\u2066 \u200b\u{e0041}",
  "\u001b[31mred\u001b]0;title\u0007\u0000",
  "=HYPERLINK(\"http://127.0.0.1/x\",\"y\")",
  "{{constructor.constructor('document.title=1')()}} ${1} %00 &lt;b&gt; &#x3c;",
];

export class Evidence {
  constructor(program, folder) {
    this.program = program;
    this.folder = resolve(folder);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }

  path(name) {
    return join(this.folder, name);
  }

  run(...args) {
    return execFileSync(this.program, args, { cwd: this.folder, encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "pipe"] });
  }

  record(log, lines, ...args) {
    const file = this.path("lines.jsonl");
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    return this.run("record", log, file, ...args, "-q");
  }

  /** What the command line says of a package: its JSON, but for what the page's report has not. */
  says(file, ...args) {
    const { stdout, stderr } = spawnSync(this.program, ["verify", file, ...args, "--json"], { cwd: this.folder, encoding: "utf8", maxBuffer: 1 << 28 });
    if (stdout === "") throw new Error(`ai-audit verify ${file}: ${stderr}`);
    const { kind, exit, ...report } = JSON.parse(stdout);
    return { exit, report };
  }

  /** A log with decisions, a trace of agents, hostile texts; packages of it from two times; another log. */
  small() {
    this.run("init", "log", "--tenant", "Example & Söhne", "-q");
    const decisions = Array.from({ length: 60 }, (_, n) => ({
      input: `question ${n}`, output: `answer ${n}`, provider: "example", model: n % 5 ? "model-a" : "model-b",
      action: ["allow", "reject", "escalate"][n % 3], trace_id: `chat-${n >> 2}`, session_id: `s-${n % 7}`, actor: "agent-7",
      reason_codes: n % 3 === 1 ? ["toxicity"] : [],
    }));
    this.record("log", decisions);
    this.run("export", "log", "-o", "older.zip", "-q");
    this.record("log", HOSTILE.map((text, n) => ({
      input: `${text} kept`, output: text, model: text, action: "allow", trace_id: `hostile-${n}`, session_id: text.slice(0, 60), actor: `agent ${n}`,
    })), "--keep", "input");
    this.record("log", HOSTILE.slice(0, 3).map((text, n) => ({ input: `i${n}`, output: "o", model: text, action: "allow", trace_id: HOSTILE[2], actor: text })));
    writeFileSync(this.path("traces.jsonl"), `${JSON.stringify(TRACE)}\n`);
    this.run("record", "log", "traces.jsonl", "--format", "traces", "-q");
    this.run("checkpoint", "log", "-o", "kept.note", "-q");
    this.run("export", "log", "-o", "genuine.zip", "-q");
    this.run("export", "log", "--session", "s-3", "-o", "selection.zip", "-q");
    this.run("prove", "log", "5", "-o", "one.proof", "-q");
    this.run("init", "other", "-q");
    this.record("other", decisions.slice(0, 10));
    this.run("export", "other", "-o", "other.zip", "-q");
  }

  /** What forgers make of the genuine package. */
  forged() {
    const genuine = readFileSync(this.path("genuine.zip"));
    const write = (name, bytes) => writeFileSync(this.path(name), bytes);
    const changed = (name, change) => {
      const files = unpack(genuine);
      change(files);
      write(name, pack(files));
    };
    changed("same.zip", () => {});
    changed("flipped.zip", (files) => {
      const file = files.get("receipts.bin");
      const [start, end] = receipts(file)[20];
      file[(start + end) >> 1] ^= 1;
    });
    // The manifest's own digests made to fit, which its signature then does not.
    changed("flipped-listed.zip", (files) => {
      const file = files.get("receipts.bin");
      const [start, end] = receipts(file)[20];
      file[(start + end) >> 1] ^= 1;
      listed(files);
    });
    changed("removed.zip", (files) => {
      const file = files.get("receipts.bin");
      const [start, end] = receipts(file)[20];
      files.set("receipts.bin", Buffer.concat([file.subarray(0, start), file.subarray(end)]));
      files.delete("receipts.jsonl");
      listed(files);
    });
    changed("view.zip", (files) => {
      const view = files.get("receipts.jsonl").toString().replace('"action":"reject"', '"action":"allow"');
      files.set("receipts.jsonl", Buffer.from(view));
      listed(files);
    });
    const other = unpack(readFileSync(this.path("other.zip")));
    changed("exchanged.zip", (files) => files.set("receipts.bin", other.get("receipts.bin")));
    write("cut.zip", genuine.subarray(0, genuine.length - 5000));
    write("byte.zip", Buffer.from(genuine.map((byte, at) => (at === 400 ? byte ^ 0x10 : byte))));
    const zeros = Buffer.alloc(300 << 20);
    const files = unpack(genuine);
    files.set("receipts.bin", Buffer.alloc(0));
    write("bomb.zip", pack(files, new Map([["receipts.bin", { data: deflateRawSync(zeros), size: zeros.length, sum: crc32(zeros) }]])));
    write("empty.zip", Buffer.alloc(0));
    write("noise.zip", randomBytes(100_000));
    write("page.zip", Buffer.from("<!doctype html><title>x</title><script>alert(1)</script>"));
  }

  /** A package of about so many MB: a half of it many receipts, a half long texts that hardly pack. */
  huge(megabytes) {
    this.run("init", "huge", "-q");
    const [short, long, each] = [Math.round(megabytes * 1000), Math.round(megabytes * 36), 12_000];
    this.record("huge", Array.from({ length: short }, (_, n) => ({
      input: `question ${n}`, output: `answer ${n}`, provider: "example", model: "model-a", action: "allow",
      trace_id: `chat-${n >> 2}`, session_id: `s-${Math.floor(n / 40)}`, actor: "agent-7",
    })));
    for (let done = 0; done < long; done += 1000) {
      const some = Array.from({ length: Math.min(1000, long - done) }, (_, n) => ({
        input: words(each), output: `o ${done + n}`, model: "model-b", action: "allow", trace_id: `t-${(done + n) >> 3}`,
      }));
      this.record("huge", some, "--keep", "input", "--plain-digests");
    }
    this.run("export", "huge", "-o", "huge.zip", "-q");
  }
}

/** Words without digits, in which no redaction policy finds anything. */
function words(length) {
  const letters = "abcdefghijklmnop";
  const noise = randomBytes(length);
  let text = "";
  for (let at = 0; at < length; at += 1) text += at % 9 === 8 ? " " : letters[noise[at] & 15];
  return text;
}

/** Puts the digests of the files as they are into the manifest; its signature stays the old one. */
function listed(files) {
  const old = files.get("manifest.note").toString();
  const fitting = old.replace(/^file [0-9a-f]{64} \d+ (\S+)\n/gm, (line, name) => {
    const file = files.get(name);
    return file ? `file ${createHash("sha256").update(file).digest("hex")} ${file.length} ${name}\n` : "";
  });
  files.set("manifest.note", Buffer.from(fitting));
}

/** A trace of two agents, one of whose calls timed out. */
const TRACE = {
  trace_id: "trip-42",
  steps: [
    { kind: "decision", ref: "plan", actor: "planner", model: "model-a", input: "the cheapest flight", output: "compare two sites", duration_ms: 900 },
    { kind: "parallel", ref: "both", actor: "planner", name: "compare sites", parents: ["plan"] },
    { kind: "delegation", ref: "one", actor: "planner", name: HOSTILE[2], to: "researcher", parents: ["both"] },
    { kind: "tool_intent", ref: "fetch1", actor: "researcher", tool: "fetch_page", arguments: { url: "https://one.example" }, parents: ["one"] },
    { kind: "tool_outcome", ref: "page1", intent: "fetch1", status: "ok", result: "120 EUR", duration_ms: 310 },
    { kind: "delegation", ref: "two", actor: "planner", name: "site two", to: "researcher", parents: ["both"] },
    { kind: "tool_intent", ref: "fetch2", actor: "researcher", tool: "fetch_page", arguments: { url: "https://two.example" }, parents: ["two"] },
    { kind: "tool_outcome", ref: "page2", intent: "fetch2", status: "timed_out", duration_ms: 5000 },
    { kind: "join", ref: "found", actor: "planner", name: "compare prices", parents: ["page1", "page2"] },
    { kind: "decision", actor: "planner", model: "model-a", output: "book site one", parents: ["found"], duration_ms: 700 },
  ],
};
