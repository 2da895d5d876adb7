// Packages: taken with the token, handed to the browser as a file.

/** Bytes beyond which a browser is not asked to hold a package. */
const MOST = 2 ** 30;

let taking = null;

/** Chooses in the form of what a package is made. */
function choosePackage(what, name = "") {
  at("p-what").value = what;
  at("p-name").value = name;
  packageFields();
  at("package").scrollIntoView({ block: "start" });
  at("take").focus({ preventScroll: true });
}

function packageFields() {
  const what = at("p-what").value;
  for (const field of document.querySelectorAll("#package-form [data-for]")) field.hidden = !field.dataset.for.split(" ").includes(what);
}

function packageQuery() {
  const value = (id) => at(id).value.trim();
  switch (at("p-what").value) {
    case "trace":
      return { trace: value("p-name") };
    case "session":
      return { session: value("p-name") };
    case "range":
      return { from: value("p-from"), to: value("p-to") };
    default:
      return {};
  }
}

/** The command that takes the same; the token is not in it. */
function byHand(service, log, query) {
  const url = new URL(service.of(log, "package"), location.origin);
  for (const [name, value] of Object.entries(query)) if (value !== "") url.searchParams.set(name, value);
  const quoted = `'${url.href.replaceAll("'", "%27")}'`;
  return service.signed ? `curl -fsS -H "Authorization: Bearer $TOKEN" -o package.zip ${quoted}` : `curl -fsS -o package.zip ${quoted}`;
}

async function takePackage(service, log) {
  const query = packageQuery();
  if ("trace" in query && query.trace === "" || "session" in query && query.session === "") {
    at("taking").textContent = "Say of which one: its id is missing.";
    at("p-name").focus();
    return;
  }
  const own = new AbortController();
  taking?.abort();
  taking = own;
  at("by-hand").hidden = true;
  at("stop-taking").hidden = false;
  at("take").disabled = true;
  at("taking").textContent = "The service makes the package; it begins to come when it is whole.";
  try {
    const response = await service.answer(service.of(log, "package"), query, own.signal);
    const length = Number(response.headers.get("content-length"));
    if (length > MOST) {
      own.abort();
      at("taking").textContent = `It has ${bytes(length)}, more than a browser should hold. Take it by this command:`;
      at("by-hand").textContent = byHand(service, log, query);
      at("by-hand").hidden = false;
      return;
    }
    at("taking").textContent = `Taking ${bytes(length)} …`;
    const file = await response.blob();
    const url = URL.createObjectURL(file);
    const name = `${log.replaceAll(/[^A-Za-z0-9._-]/g, "_")}.zip`;
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    at("taking").textContent = `${name}, ${bytes(file.size)}, was handed to the browser. Verify it where you trust the verifier.`;
  } catch (error) {
    if (taking !== own) return;
    at("taking").replaceChildren(error.name === "AbortError" ? "Stopped." : el("span", { class: "bad" }, "It could not be taken: ", said(error.message)));
    if (error.status === 401) throw error;
  } finally {
    if (taking === own) {
      at("stop-taking").hidden = true;
      at("take").disabled = false;
      taking = null;
    }
  }
}
