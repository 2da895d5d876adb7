// What happens when: files chosen, verification, filters, receipts.

const verifier = new Verifier({
  refused: ({ text }) => {
    idle();
    complain(text);
  },
  reading: ({ read, total }) => {
    // Each file in a package is read more than once: the first time shows how far it is.
    const part = Math.min(read, total);
    working(total > 0 ? part / total : 0, `Checking the package: ${bytes(part)} of ${bytes(total)}`);
  },
  verifying: ({ done, all }) => {
    working(all > 0 ? done / all : undefined, `Verifying receipts: ${count(done)} of ${count(all)}`);
  },
  verdict: ({ shown, report, took }) => {
    state.report = report;
    const sentence = showVerdict(state.file, shown, took);
    at("verdict").hidden = false;
    const trusted = ["integrity", "attribution"].every((name) => shown.answers.find((one) => one.name === name).status === "verified");
    at("receipts-note").hidden = trusted;
    at("receipts-note").textContent = shown.exit === 1
      ? "The package failed. What is listed here is nobody's word; it is shown to find out what happened."
      : "Integrity or attribution is not verified: what is listed here is nobody's word.";
    working(undefined, "Listing the receipts");
    announce(`Verdict on ${plain(state.file.name)}: ${sentence}.`);
    at("verdict").focus({ preventScroll: true });
    at("verdict").scrollIntoView({ block: "start" });
  },
  listing: ({ done }) => working(undefined, `Listing the receipts: ${count(done)}`),
  listed: ({ done, stopped, kinds, keys }) => {
    idle();
    state.keys = keys;
    showKeys(keys);
    at("receipts").hidden = false;
    at("receipts-stopped").hidden = stopped === undefined;
    at("receipts-stopped").replaceChildren(...(stopped === undefined ? [] : ["The list ends early: ", said(stopped)]));
    at("f-kind").replaceChildren(
      el("option", { value: "" }, "all kinds"),
      ...Object.entries(kinds).map(([name, number]) => el("option", { value: name }, `${name.replaceAll("_", " ")} (${count(number)})`)),
    );
    state.all = done;
    if (done > 0) filter();
    else list.reset(0);
    document.body.dataset.ready = "listed";
  },
  filtering: ({ done, found }) => (at("found").textContent = `Looked at ${count(done)} of ${count(state.all)}; ${count(found)} found`),
  filtered: ({ found }) => {
    at("found").textContent = found === state.all ? `All ${counted(found, "receipt", "receipts")}` : `${count(found)} of ${counted(state.all, "receipt", "receipts")}`;
    list.reset(found);
  },
  rows: (rows) => list.take(rows),
  error: ({ of, text }) => {
    if (of === "filter") {
      at("found").textContent = text;
      return;
    }
    if (of !== "verify" && of !== "worker") {
      complain(text);
      return;
    }
    // A verifier that ended in the middle has verified nothing.
    verifier.stop();
    idle();
    at("verdict").hidden = at("receipts").hidden = true;
    complain(`The verifier stopped, so nothing is verified: ${text}`);
  },
});

const list = new List(verifier, (row) => open(row.row));
const state = { file: null, report: "", keys: null, all: 0 };

/** Shows how far it is; the words go to those who listen every few seconds only. */
function working(part, text) {
  at("work").hidden = false;
  at("go").disabled = true;
  if (part === undefined) at("progress").removeAttribute("value");
  else at("progress").value = part;
  at("doing").textContent = text;
  const now = performance.now();
  if (now - working.last > 5000) {
    working.last = now;
    announce(text);
  }
}
working.last = -Infinity;

function idle() {
  at("work").hidden = true;
  at("go").disabled = false;
  working.last = -Infinity;
}

const announce = (text) => (at("status").textContent = text);

function complain(text, field) {
  at("problem").hidden = false;
  at("problem").replaceChildren(said(text));
  announce("");
  field?.focus();
}

function clear() {
  at("problem").hidden = true;
  at("problem").replaceChildren();
  at("verdict").hidden = at("receipts").hidden = at("receipt").hidden = true;
  at("receipt").replaceChildren();
  at("filter").reset();
  delete document.body.dataset.ready;
  state.report = "";
  state.keys = null;
}

function chosen(file) {
  state.file = file ?? null;
  at("package-name").replaceChildren(...(file ? [said(file.name), `, ${bytes(file.size)}`] : []));
}

async function verify() {
  clear();
  if (state.file === null) {
    complain("Choose the package first.", at("package"));
    return;
  }
  const notes = [...at("checkpoint").files];
  const policyFile = at("policy").files[0];
  const large = [...notes, ...(policyFile ? [policyFile] : [])].find((file) => file.size > 1 << 20);
  if (large) {
    complain(`${plain(large.name)} is longer than a checkpoint or a policy may be (1 MiB).`);
    return;
  }
  working(0, "Starting the verifier");
  try {
    const read = async (file) => new Uint8Array(await file.arrayBuffer());
    verifier.verify(state.file, {
      now: Date.now(),
      key: at("key").value,
      checkpoints: await Promise.all(notes.map(read)),
      size: at("size").value,
      policy: policyFile ? await read(policyFile) : undefined,
    });
  } catch (error) {
    idle();
    complain(`A file cannot be read: ${error.message}`);
  }
}

function filter() {
  const value = (name) => at(`f-${name}`).value;
  const fields = ["text", "kind", "trace", "session", "actor", "tenant", "from", "to"];
  verifier.tell("filter", { filter: { ...Object.fromEntries(fields.map((name) => [name, value(name)])), open: at("f-open").checked } });
}

async function open(row) {
  try {
    const { receipt } = await verifier.ask("receipt", { row });
    showReceipt(receipt, state.keys, (type, more) => verifier.ask(type, more));
  } catch (error) {
    at("receipt").replaceChildren(el("h3", { id: "receipt-title" }, "Receipt"), el("p", { class: "problem" }, said(error.message)));
    at("receipt").hidden = false;
    at("receipt").focus();
  }
}

at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  verify();
});
at("clear").addEventListener("click", () => {
  verifier.stop();
  idle();
  at("form").reset();
  chosen(null);
  clear();
  announce("Everything is cleared.");
  at("package").focus();
});
at("stop").addEventListener("click", () => {
  verifier.stop();
  idle();
  clear();
  announce("Stopped. Nothing is verified.");
  at("go").focus();
});
at("package").addEventListener("change", () => chosen(at("package").files[0]));
at("key-file").addEventListener("change", async () => {
  const file = at("key-file").files[0];
  if (file === undefined) return;
  if (file.size > 4096) complain(`${plain(file.name)} is no key: it is longer than a key line may be.`);
  else at("key").value = await file.text();
});
at("filter").addEventListener("submit", (event) => {
  event.preventDefault();
  filter();
});
at("filter").addEventListener("reset", () => setTimeout(() => state.all > 0 && filter(), 0));
at("save").addEventListener("click", () => {
  const url = URL.createObjectURL(new Blob([state.report, "\n"], { type: "application/json" }));
  el("a", { href: url, download: "report.json" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
});
document.addEventListener("click", async (event) => {
  const seq = event.target.closest?.("[data-seq]")?.dataset.seq;
  if (seq === undefined) return;
  const { row } = await verifier.ask("find", { seq });
  if (row === null) announce(`Receipt ${seq} is not in the list.`);
  else open(row);
});
for (const type of ["dragover", "drop", "dragleave"]) {
  document.addEventListener(type, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.toggle("dragging", type === "dragover");
    const file = event.dataTransfer.files[0];
    if (type === "drop" && file) {
      at("package").value = "";
      chosen(file);
      announce(`${plain(file.name)} is chosen. Press Verify.`);
      at("go").focus();
    }
  });
}
