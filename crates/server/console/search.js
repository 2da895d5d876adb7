// Search: pages of receipts, one after the other.

class Search {
  #service;
  #log = "";
  #query = {};
  #next = null;
  #shown = 0;
  /** Tells answers to an older search from those to this one. */
  #own = 0;

  constructor(service) {
    this.#service = service;
  }

  /** Begins anew, with nothing shown. */
  reset(log) {
    this.#own += 1;
    this.#log = log;
    this.#next = null;
    at("results").hidden = true;
    at("more").hidden = true;
    at("list").tBodies[0].replaceChildren();
    at("found").replaceChildren();
  }

  /** Shows the first page of what the form asks for. */
  begin() {
    const value = (name) => at(`s-${name}`).value.trim();
    this.reset(this.#log);
    this.#shown = 0;
    this.#query = { id: value("id"), trace: value("trace"), session: value("session"), kind: value("kind") };
    return this.#page(value("from"));
  }

  more() {
    return this.#page(this.#next);
  }

  async #page(from) {
    const own = this.#own;
    at("more").disabled = true;
    let page;
    try {
      page = await this.#service.json(this.#service.of(this.#log, "receipts"), { ...this.#query, from, limit: 50 });
    } catch (error) {
      if (own === this.#own) at("found").replaceChildren(el("span", { class: "bad" }, "It could not be searched: ", said(error.message)));
      throw error;
    } finally {
      at("more").disabled = false;
    }
    if (own !== this.#own) return;
    this.#next = page.next;
    this.#shown += page.receipts.length;
    at("list").tBodies[0].append(...page.receipts.map(line));
    at("results").hidden = this.#shown === 0;
    at("more").hidden = page.next === null;
    const rest = page.next === null ? "" : `; ${count(page.size - page.next)} of ${count(page.size)} are not looked through yet`;
    at("found").textContent = `${this.#shown === 0 ? "No receipt" : counted(this.#shown, "receipt", "receipts")} found${rest}.`;
  }
}

function line(receipt) {
  const link = receiptLink(receipt.seq);
  link.textContent = count(receipt.seq);
  link.setAttribute("aria-label", `receipt ${count(receipt.seq)}`);
  return el("tr", {},
    el("td", { "data-name": "No." }, link),
    el("td", { "data-name": "Kind" }, (receipt.kind ?? "deleted").replaceAll("_", " ")),
    el("td", { "data-name": "Says" }, said(says(receipt), { longest: 160 })),
    el("td", { "data-name": "Sealed at" }, receipt.sealed_at ? seconds(receipt.sealed_at) : ""));
}
