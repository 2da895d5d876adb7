// One receipt in full, and the graph of its trace.

/** Names of a receipt's fields, for people. */
const FIELDS = { version: "format version", log_id: "log", seq: "No.", prev: "before it", id: "receipt id", key_id: "signed by", mode: "sealed as", trace_id: "trace", session_id: "session", actor_id: "actor" };
/** Fields that are shown digit by digit. */
const EXACT = new Set(["log_id", "prev", "id", "key_id", "hash", "signature"]);

class Pane {
  #service;
  #opener = null;
  #own = 0;

  constructor(service) {
    this.#service = service;
  }

  close() {
    this.#own += 1;
    at("receipt").hidden = true;
    at("receipt").replaceChildren();
    if (this.#opener?.isConnected) this.#opener.focus();
    this.#opener = null;
  }

  /** Shows the receipt with this number; `opener` gets the focus back. */
  async open(log, seq, opener) {
    this.#own += 1;
    const own = this.#own;
    this.#opener = opener;
    let text;
    try {
      text = await (await this.#service.answer(this.#service.of(log, `receipts/${seq}`))).text();
    } catch (error) {
      if (own === this.#own) this.#put(seq, el("p", { class: "problem" }, said(error.message)));
      throw error;
    }
    if (own === this.#own) this.#show(log, seq, text);
  }

  #put(seq, ...parts) {
    const close = el("button", { type: "button", id: "close" }, "Close");
    close.addEventListener("click", () => this.close());
    const pane = at("receipt");
    pane.replaceChildren(el("div", { class: "title" }, el("h3", { id: "receipt-title" }, `Receipt ${count(seq)}`), close), ...parts);
    pane.hidden = false;
    pane.focus({ preventScroll: true });
    pane.scrollIntoView({ block: "start" });
  }

  #show(log, seq, text) {
    const { body, body_hex: hex, ...header } = JSON.parse(text);
    const rows = Object.entries(header)
      .filter(([, value]) => typeof value === "string" || typeof value === "number")
      .map(([name, value]) => [FIELDS[name] ?? name.replaceAll("_", " "), value === "" ? "" : EXACT.has(name) ? code(value) : said(String(value))]);
    const list = el("dl", { class: "facts" });
    facts(list, rows);
    const parts = [el("p", { class: "gloss" }, "As the service tells it. Nothing was verified for this view."), list, el("h4", {}, "Body")];
    if (body !== undefined) {
      // The text as it came: what JSON.parse made of it may have rounded numbers.
      const start = text.indexOf('"body":');
      const whole = start < 0 ? JSON.stringify(body) : text.slice(start + 7, text.lastIndexOf("}"));
      parts.push(scroll("Body of the receipt", el("pre", {}, said(inLines(whole), { lines: true, longest: 20_000 }))));
    } else parts.push(scroll("Body of the receipt", el("pre", { class: "wrap" }, visible(hex ?? ""))));
    const trace = header.trace_id;
    if (trace) {
      const target = el("div", { id: "trace" }, el("p", { class: "aside" }, "Reading the trace …"));
      const pick = el("button", { type: "button" }, "Search this trace");
      pick.addEventListener("click", () => {
        at("search-form").reset();
        at("s-trace").value = trace;
        at("search-form").requestSubmit();
      });
      const take = el("button", { type: "button" }, "Package of this trace");
      take.addEventListener("click", () => choosePackage("trace", trace));
      parts.push(el("h4", {}, "Graph of its trace"), el("p", { class: "actions" }, pick, take), target);
      this.#put(seq, ...parts);
      this.#trace(log, trace, seq, target);
    } else this.#put(seq, ...parts);
  }

  async #trace(log, trace, seq, target) {
    try {
      const graph = await this.#service.json(this.#service.of(log, "traces"), { trace, around: seq });
      if (!target.isConnected) return;
      showTrace(target, graph, String(seq));
      if (graph.cut) target.prepend(el("p", { class: "caution" }, "The trace is longer than what is read of it."));
    } catch (error) {
      target.replaceChildren(el("p", { class: "problem" }, said(error.message)));
    }
  }
}
