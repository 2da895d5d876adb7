// One receipt in full, the graph of its trace.

const STATES = {
  verified: "Verified: it stands in the chain as it was sealed, and the key that the pin leads to signed it. The verdict above says whether something behind it failed.",
  unverified: "Not verified. What it says is nobody's word.",
  deleted: "Its bytes are deleted; its hash is what is left. Whether the log accounts for that is in the verdict.",
};

/** Shows a receipt in the pane. */
function showReceipt(receipt, keys, ask) {
  const pane = at("receipt");
  const close = el("button", { type: "button", id: "close" }, "Close");
  close.addEventListener("click", () => {
    pane.hidden = true;
    at("grid").focus();
  });
  const header = new Map(receipt.header ?? []);
  const parts = [
    el("div", { class: "title" }, el("h3", { id: "receipt-title" }, `Receipt ${count(receipt.seq)}`), close),
    el("p", {}, answer(receipt.state), el("span", { class: "gloss" }, STATES[receipt.state])),
  ];
  if (receipt.unreadable) parts.push(el("p", { class: "problem" }, said(receipt.unreadable)));
  const exact = new Set(["receipt id", "log", "before it", "signed by"]);
  const rows = [...header].map(([name, value]) => {
    if (name === "trace" && value !== "") return [name, el("span", {}, said(value), " ", traceButtons(value))];
    return [name, value === "" ? "" : exact.has(name) ? code(value) : said(value)];
  });
  const key = keys?.keys?.find((one) => one.key_id === header.get("signed by"));
  if (key) rows.push(["its public key", el("span", {}, code(key.public_key), " since ", receiptLink(key.introduced_by))]);
  rows.push(["hash", receipt.hash ? code(receipt.hash) : ""], ["signature", receipt.signature ? code(receipt.signature) : ""], ["payload", receipt.bytes === undefined ? "" : counted(receipt.bytes, "byte", "bytes")]);
  const list = el("dl", { class: "facts" });
  facts(list, rows);
  parts.push(el("h4", {}, "Header and seal"), list);
  if (receipt.body !== undefined) {
    parts.push(el("h4", {}, "Body"), scroll("Body of the receipt", el("pre", {}, said(receipt.body, { lines: true, longest: 20000 }))));
  } else if (receipt.body_hex) {
    parts.push(el("h4", {}, "Body, of a form that is not known here, in hexadecimal"), scroll("Body of the receipt", el("pre", { class: "wrap" }, visible(receipt.body_hex))));
  }
  parts.push(el("h4", {}, "Way to the root of the checkpoint"));
  if (receipt.path) parts.push(...drawPath(receipt));
  else parts.push(el("p", { class: "caution" }, "There is none: ", said(receipt.no_path ?? "it cannot be read"), "."));
  if (header.get("trace")) {
    const target = el("div", { id: "trace" }, el("p", { class: "aside" }, "Reading the trace …"));
    parts.push(el("h4", {}, "Graph of its trace"), target);
    ask("trace", { row: receipt.row }).then(
      ({ trace }) => showTrace(target, trace, receipt.seq),
      (error) => target.replaceChildren(el("p", { class: "problem" }, said(error.message))),
    );
  }
  pane.replaceChildren(...parts);
  pane.hidden = false;
  pane.scrollTop = 0;
  pane.focus({ preventScroll: true });
  if (pane.getBoundingClientRect().top > innerHeight * 0.6 || pane.getBoundingClientRect().top < 0) pane.scrollIntoView({ block: "start" });
}

function traceButtons(trace) {
  const button = el("button", { type: "button", class: "link" }, "list this trace");
  button.addEventListener("click", () => {
    at("filter").reset();
    at("f-trace").value = trace;
    at("filter").requestSubmit();
  });
  return button;
}
