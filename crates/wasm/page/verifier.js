// The window's side of the worker: one worker for one package, ended with it.

/** Makes workers out of the page's own text, and of nothing else. */
const policy = globalThis.trustedTypes?.createPolicy("ai-audit", { createScriptURL: (url) => url });

class Verifier {
  #worker = null;
  #handlers;
  #asked = new Map();
  #next = 1;

  /** `handlers` are called by the type of what the worker says. */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  /** Begins to verify a file, in place of what was verified before. */
  verify(file, trust) {
    this.stop();
    const url = URL.createObjectURL(new Blob([at("worker").textContent], { type: "text/javascript" }));
    const worker = new Worker(policy ? policy.createScriptURL(url) : url);
    this.#worker = worker;
    worker.addEventListener("message", ({ data }) => {
      URL.revokeObjectURL(url);
      if (this.#worker !== worker) return;
      const asked = this.#asked.get(data.id);
      if (asked !== undefined) {
        this.#asked.delete(data.id);
        if (data.type === "error") asked.failed(new Error(data.text));
        else asked.done(data);
      } else {
        this.#handlers[data.type]?.(data);
      }
    });
    worker.addEventListener("error", (event) => {
      if (this.#worker !== worker) return;
      event.preventDefault();
      this.stop();
      this.#handlers.error({ of: "worker", text: event.message || "it could not be started" });
    });
    worker.postMessage({ type: "verify", wasm: at("wasm").textContent, file, trust });
  }

  /** Asks for something that the worker answers with handlers. */
  tell(type, more) {
    this.#worker?.postMessage({ type, ...more });
  }

  /** Asks for something, and waits for the answer. */
  ask(type, more) {
    const id = this.#next++;
    return new Promise((done, failed) => {
      if (this.#worker === null) return;
      this.#asked.set(id, { done, failed });
      this.#worker.postMessage({ type, id, ...more });
    });
  }

  /** Ends the worker, whatever it does. */
  stop() {
    this.#worker?.terminate();
    this.#worker = null;
    this.#asked.clear();
  }
}
