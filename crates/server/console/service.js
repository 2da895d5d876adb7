// The service: what is asked of it, with the token that somebody pasted. It is only read.

/** An answer that is none: its status, 0 where nobody answered, and what was said. */
class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** What the console speaks to. The token is here and nowhere else. */
class Service {
  #token = "";

  /** Goes on with this token; with "" without one. False where it cannot be one. */
  take(token) {
    if (!/^[\x21-\x7e]*$/.test(token)) return false;
    this.#token = token;
    return true;
  }

  /** Whether a token is sent. */
  get signed() {
    return this.#token !== "";
  }

  /** An answer of the API; anything but one is thrown as `Refused`. */
  async answer(path, query = {}, signal = undefined) {
    const url = new URL(path, location.origin);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
    }
    const headers = this.#token === "" ? {} : { Authorization: `Bearer ${this.#token}` };
    let response;
    try {
      response = await fetch(url, { headers, signal, cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refused(0, "the service does not answer");
    }
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    throw new Refused(response.status, typeof problem.detail === "string" ? problem.detail : `the service answered with status ${response.status}`);
  }

  async json(path, query, signal) {
    return (await this.answer(path, query, signal)).json();
  }

  /** The address of something of a log. */
  of(log, what) {
    return `/v1/logs/${encodeURIComponent(log)}/${what}`;
  }
}

/** How long ago that was, in words. */
function ago(time, now) {
  const passed = Math.max(0, (Date.parse(now) - Date.parse(time)) / 1000);
  const units = [[86_400, "day", "days"], [3600, "hour", "hours"], [60, "minute", "minutes"], [1, "second", "seconds"]];
  const [size, one, many] = units.find(([unit]) => passed >= unit) ?? units[3];
  return `${counted(Math.floor(passed / size), one, many)} ago`;
}

/** One line on what a receipt says, out of its JSON view. */
function says({ kind, body, body_hex: hex, deleted }) {
  if (deleted) return "its bytes are deleted";
  if (body === undefined) return hex === undefined ? "" : `of a form that is not known here, ${counted(hex.length / 2, "byte", "bytes")}`;
  const texts = (...parts) => parts.filter((part) => typeof part === "string" && part !== "").join(" · ");
  const fired = (body.checks ?? []).filter((check) => check.fired).map((check) => check.name);
  switch (kind) {
    case "decision":
      return texts(body.action ?? "allow", body.model, ...fired);
    case "tool_intent":
      return texts(body.tool, body.call_id);
    case "tool_outcome":
      return texts(body.status ?? "unknown", body.tool, body.error);
    case "gap":
      return texts(body.reason);
    default: {
      const plainOnes = Object.entries(body).filter(([, value]) => ["string", "number", "boolean"].includes(typeof value));
      return plainOnes.slice(0, 4).map(([name, value]) => `${name} ${value}`).join(" · ");
    }
  }
}

/** JSON as it came, in lines: numbers keep all of their digits. */
function inLines(json) {
  let out = "";
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/gs)) {
    if (token === "{" || token === "[") {
      depth += 1;
      out += token + line();
    } else if (token === "}" || token === "]") {
      depth -= 1;
      out = /[{[]\s*$/.test(out) ? out.trimEnd() + token : out + line() + token;
    } else if (token === ",") out += token + line();
    else out += token === ":" ? ": " : token;
  }
  return out;
}
