// What happens when: files chosen, verification, filters, receipts.

const verifier = new Verifier({
  refused: ({ text }) => {
    end();
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
    state.run.report = report;
    const sentence = showVerdict(state.run, shown, took);
    at("verdict").hidden = false;
    const trusted = ["integrity", "attribution"].every((name) => shown.answers.find((one) => one.name === name).status === "verified");
    at("receipts-note").hidden = trusted;
    at("receipts-note").textContent = shown.exit === 1
      ? "The package failed. What is listed here is nobody's word; it is shown to find out what happened."
      : "Integrity or attribution is not verified: what is listed here is nobody's word.";
    working(undefined, "Listing the receipts");
    announce(`Verdict on ${plain(state.run.file.name)}: ${sentence}.`);
    at("verdict").focus({ preventScroll: true });
    at("verdict").scrollIntoView({ block: "start" });
  },
  listing: ({ done }) => working(undefined, `Listing the receipts: ${count(done)}`),
  listed: ({ done, stopped, kinds, keys }) => {
    idle();
    state.run.keys = keys;
    showKeys(keys);
    at("receipts").hidden = false;
    at("receipts-stopped").hidden = stopped === undefined;
    at("receipts-stopped").replaceChildren(...(stopped === undefined ? [] : ["The list ends early: ", said(stopped)]));
    at("f-kind").replaceChildren(
      el("option", { value: "" }, "all kinds"),
      ...Object.entries(kinds).map(([name, number]) => el("option", { value: name }, `${name.replaceAll("_", " ")} (${count(number)})`)),
    );
    state.run.all = done;
    if (done > 0) filter();
    else list.reset(0);
    document.body.dataset.ready = "listed";
  },
  filtering: ({ done, found }) => (at("found").textContent = `Looked at ${count(done)} of ${count(state.run.all)}; ${count(found)} found`),
  filtered: ({ done, found, stopped }) => {
    const { all } = state.run;
    const sum = found === all ? `All ${counted(found, "receipt", "receipts")}` : `${count(found)} of ${counted(all, "receipt", "receipts")}`;
    if (stopped === undefined) at("found").replaceChildren(sum);
    else at("found").replaceChildren(`${sum}; the search ended early, after ${count(done)}: `, said(stopped));
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
    end();
    complain(`The verifier stopped, so nothing is verified: ${text}`);
  },
});

const list = new List(verifier, (row) => open(row.row));
/**
 * `file` is what is chosen; `run` what is verified, or was, and is shown: its own file, so that nothing
 * is said of another one, its report, keys and number of receipts. Where a run is another one than before,
 * the one before is over.
 */
const state = { file: null, run: null };

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

/** Ends what goes on, and takes away what is shown of it. */
function end() {
  verifier.stop();
  state.run = null;
  idle();
  at("problem").hidden = true;
  at("problem").replaceChildren();
  at("verdict").hidden = at("receipts").hidden = at("receipt").hidden = true;
  at("receipt").replaceChildren();
  at("filter").reset();
  list.reset(0);
  delete document.body.dataset.ready;
}

/** What somebody brings is another than before: a verdict on what was brought before must not stand beside it. */
function changed() {
  const shown = state.run !== null;
  end();
  if (shown) announce("What you bring has changed: what was verified before is no longer shown. Press Verify.");
}

function chosen(file) {
  changed();
  state.file = file ?? null;
  at("package-name").replaceChildren(...(file ? [said(file.name), `, ${bytes(file.size)}`] : []));
}

async function verify() {
  end();
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
  const run = { file: state.file, policy: policyFile?.name, report: "", keys: null, all: 0 };
  state.run = run;
  try {
    const read = async (file) => new Uint8Array(await file.arrayBuffer());
    const trust = { now: Date.now(), key: at("key").value, size: at("size").value };
    trust.checkpoints = await Promise.all(notes.map(read));
    trust.policy = policyFile ? await read(policyFile) : undefined;
    // Stopped, or begun anew, while the files were read.
    if (state.run === run) verifier.verify(run.file, trust);
  } catch (error) {
    if (state.run !== run) return;
    end();
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
    showReceipt(receipt, state.run.keys, (type, more) => verifier.ask(type, more));
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
  at("form").reset();
  chosen(null);
  announce("Everything is cleared.");
  at("package").focus();
});
at("stop").addEventListener("click", () => {
  end();
  announce("Stopped. Nothing is verified.");
  at("go").focus();
});
at("package").addEventListener("change", () => chosen(at("package").files[0]));
at("key-file").addEventListener("change", async () => {
  const file = at("key-file").files[0];
  if (file === undefined) return;
  if (file.size > 4096) {
    complain(`${plain(file.name)} is no key: it is longer than a key line may be.`);
    return;
  }
  try {
    const text = await file.text();
    if (at("key-file").files[0] !== file) return;
    changed();
    at("key").value = text;
  } catch (error) {
    complain(`${plain(file.name)} cannot be read: ${error.message}`);
  }
});
// Before the other handlers of the same event, which may have something to say.
at("form").addEventListener("input", changed, { capture: true });
at("form").addEventListener("change", (event) => event.target.type === "file" && changed(), { capture: true });
at("filter").addEventListener("submit", (event) => {
  event.preventDefault();
  filter();
});
at("filter").addEventListener("reset", () => setTimeout(() => state.run?.all > 0 && filter(), 0));
at("save").addEventListener("click", () => {
  const url = URL.createObjectURL(new Blob([state.run.report, "\n"], { type: "application/json" }));
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
