// The worker: it holds the verifier and reads the file, so the window never waits.

/** Milliseconds that one step may take before what came meanwhile is looked at. */
const STEP = 40;
/** Milliseconds between two words on how far it is. */
const WORD = 100;

let evidence = null;
/** Counts the filters, so that an older one ends when a newer one begins. */
let filters = 0;
let lastWord = 0;

const tell = (type, more) => postMessage({ type, ...more });
/** Without the promise of a timer's precision: it lets messages in. */
const pause = () => new Promise((go) => setTimeout(go, 0));

function word(type, more) {
  const now = performance.now();
  if (now - lastWord < WORD) return;
  lastWord = now;
  tell(type, more);
}

onmessage = ({ data }) => {
  const act = acts[data.type];
  Promise.resolve()
    .then(() => act(data))
    .catch((error) => tell("error", { of: data.type, id: data.id, text: String(error?.message ?? error) }));
};

const acts = {
  async verify({ wasm, file, trust }) {
    wasm_bindgen.initSync({ module: new WebAssembly.Module(await unpacked(wasm)) });
    let brought;
    try {
      brought = new wasm_bindgen.Trust(trust.now, trust.policy);
      brought.keys(trust.key);
      for (const note of trust.checkpoints) brought.checkpoint(note);
      if (trust.size.trim() !== "") brought.size(trust.size);
    } catch (error) {
      tell("refused", { text: String(error) });
      return;
    }
    const total = file.size;
    const began = performance.now();
    evidence = new wasm_bindgen.Evidence(
      file,
      brought,
      (read) => word("reading", { read, total }),
      (done, all) => word("verifying", { done, all }),
    );
    tell("verdict", { shown: JSON.parse(evidence.shown()), report: evidence.report(), took: performance.now() - began });
    await listed();
  },

  async filter({ filter }) {
    const own = (filters += 1);
    evidence.filter(JSON.stringify(filter));
    await stepped((number) => evidence.filter_on(number), (progress) => {
      if (own !== filters) return false;
      if (progress.finished) tell("filtered", { ...progress });
      else word("filtering", { ...progress });
      return true;
    });
  },

  rows({ from, number, own }) {
    tell("rows", { from, own, rows: JSON.parse(evidence.rows(from, number)) });
  },

  receipt({ row, id }) {
    tell("receipt", { id, receipt: JSON.parse(evidence.receipt(row)) });
  },

  trace({ row, id }) {
    tell("trace", { id, trace: JSON.parse(evidence.trace(row)) });
  },

  find({ seq, id }) {
    tell("found", { id, seq, row: evidence.row_of(seq) ?? null });
  },
};

/** The verifier's program out of the page. */
function unpacked(base64) {
  const text = atob(base64);
  const packed = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) packed[at] = text.charCodeAt(at);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).arrayBuffer();
}

/** Makes the list, and tells what it needs. */
async function listed() {
  let progress;
  try {
    await stepped((number) => evidence.index(number), (now) => {
      progress = now;
      word("listing", { ...now });
      return true;
    });
  } catch (error) {
    tell("listed", { done: 0, stopped: String(error?.message ?? error), kinds: {}, keys: null });
    return;
  }
  tell("listed", { ...progress, kinds: JSON.parse(evidence.kinds()), keys: JSON.parse(evidence.keys()) });
}

/** Does something in steps that take a short time each, until it is finished or not wanted any more. */
async function stepped(step, wanted) {
  for (;;) {
    const until = performance.now() + STEP;
    let progress;
    do progress = JSON.parse(step(64));
    while (!progress.finished && performance.now() < until);
    if (!wanted(progress) || progress.finished) return;
    await pause();
  }
}
