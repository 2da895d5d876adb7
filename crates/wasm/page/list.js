// The list of receipts: only the lines in sight are there, however many receipts there are.

/** Lines that are asked for at once. */
const PAGE = 100;
/** Pages that are kept. */
const PAGES = 20;
/** Highest list in pixels: browsers round beyond some ten million. */
const HIGHEST = 8_000_000;

class List {
  #verifier;
  #open;
  #grid = at("grid");
  #rows = at("rows");
  #total = 0;
  #pages = new Map();
  /** Tells answers to an older filter from those to this one. */
  #own = 0;
  #current = 0;

  /** `open` is called with a row that a person opens. */
  constructor(verifier, open) {
    this.#verifier = verifier;
    this.#open = open;
    this.#grid.addEventListener("scroll", () => this.#draw(), { passive: true });
    addEventListener("resize", () => this.#draw());
    this.#grid.addEventListener("keydown", (event) => this.#key(event));
    this.#rows.addEventListener("click", (event) => {
      const line = event.target.closest("[data-place]");
      if (line === null) return;
      this.#current = Number(line.dataset.place);
      this.#draw();
      this.open();
    });
  }

  /** Shows the first lines of a list of so many. */
  reset(total) {
    this.#own += 1;
    this.#total = total;
    this.#pages.clear();
    this.#current = 0;
    this.#grid.setAttribute("aria-rowcount", String(total + 1));
    this.#grid.scrollTop = 0;
    // A short list takes no more room than it has lines; what sticks out sideways has a bar.
    this.#grid.style.setProperty("--all", `calc(var(--line) * ${Math.max(1, total)} + 2px)`);
    this.#draw();
  }

  /** Lines came. */
  take({ from, own, rows }) {
    if (own !== this.#own) return;
    this.#pages.set(from, rows);
    while (this.#pages.size > PAGES) this.#pages.delete(this.#pages.keys().next().value);
    this.#draw();
  }

  /** Opens the current line. */
  open() {
    const row = this.#at(this.#current);
    if (row) this.#open(row);
  }

  #at(place) {
    const from = place - (place % PAGE);
    return this.#pages.get(from)?.[place - from];
  }

  #height() {
    return parseFloat(getComputedStyle(this.#grid).getPropertyValue("--line"));
  }

  /** Pixels of lines that are in sight, below the head. */
  #sight() {
    return this.#grid.clientHeight - this.#rows.offsetTop;
  }

  /** Pixels of the whole list, and how many lines' pixels one of them stands for. */
  #scale(height) {
    const all = this.#total * height;
    return all <= HIGHEST ? [all, 1] : [HIGHEST, (all - this.#sight()) / (HIGHEST - this.#sight())];
  }

  #draw() {
    const height = this.#height();
    const [all, scale] = this.#scale(height);
    const top = this.#grid.scrollTop;
    const sight = Math.ceil(this.#sight() / height) + 1;
    const first = Math.max(0, Math.min(this.#total - sight + 1, Math.floor((top * scale) / height)));
    const last = Math.min(this.#total, first + sight);
    // In a list that is not scaled a line stands where it is; in a scaled one where it is seen.
    const offset = scale === 1 ? first * height : Math.min(top, Math.max(0, all - sight * height));
    const lines = [];
    for (let place = first; place < last; place += 1) lines.push(this.#line(place, offset + (place - first) * height));
    if (this.#total === 0) lines.push(el("div", { role: "row", class: "line none" }, el("span", { role: "gridcell" }, "No receipt.")));
    const spacer = el("div", { class: "spacer", role: "presentation" });
    spacer.style.height = `${all}px`;
    this.#rows.replaceChildren(...lines, spacer);
    if (this.#total > 0) this.#grid.setAttribute("aria-activedescendant", `line-${this.#current}`);
    else this.#grid.removeAttribute("aria-activedescendant");
    for (const place of [first, last - 1]) {
      const from = place - (place % PAGE);
      if (this.#total === 0 || this.#pages.has(from)) continue;
      this.#pages.set(from, undefined);
      this.#verifier.tell("rows", { from, number: PAGE, own: this.#own });
    }
  }

  #line(place, top) {
    const row = this.#at(place);
    const cell = (name, ...children) => el("span", { role: "gridcell", class: name }, ...children);
    const line = el("div", {
      role: "row",
      class: "line",
      id: `line-${place}`,
      "data-place": String(place),
      "aria-rowindex": String(place + 2),
      "aria-selected": String(place === this.#current),
    });
    line.style.top = `${top}px`;
    if (row === undefined) {
      line.append(cell("c-seq", "…"));
      return line;
    }
    line.append(
      cell("c-seq", count(row.seq)),
      cell("c-kind", row.kind.replaceAll("_", " ")),
      cell("c-says", said(row.says)),
      cell("c-time", row.sealed_at ? seconds(row.sealed_at) : ""),
      cell("c-state", answer(row.state)),
    );
    return line;
  }

  #key(event) {
    const page = Math.max(1, Math.floor(this.#sight() / this.#height()) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.#total, End: this.#total };
    if (event.key === "Enter" || event.key === " ") {
      this.open();
    } else if (event.key in steps && !event.ctrlKey && !event.altKey && !event.metaKey) {
      this.#current = Math.max(0, Math.min(this.#total - 1, this.#current + steps[event.key]));
      this.#show();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Brings the current line into sight. */
  #show() {
    const height = this.#height();
    const [, scale] = this.#scale(height);
    const sight = this.#sight();
    const top = this.#current * height;
    const seen = this.#grid.scrollTop * scale;
    if (top < seen) this.#grid.scrollTop = top / scale;
    else if (top + height > seen + sight) this.#grid.scrollTop = (top + height - sight) / scale;
    this.#draw();
  }
}
