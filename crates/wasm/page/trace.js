// The graph of a trace: a drawing, and the same as a table.

let picture = null;

/** Shows the graph of a trace: as an image, in which nothing runs, and as a table. */
function showTrace(target, trace, seq) {
  if (picture !== null) URL.revokeObjectURL(picture);
  picture = URL.createObjectURL(new Blob([trace.svg], { type: "image/svg+xml" }));
  const image = el("img", { src: picture, alt: `Graph of the trace ${plain(trace.trace)}; the table below says the same` });
  // A graph that is a little too wide is made smaller, a wide one is seen from its middle.
  image.addEventListener("load", () => {
    const room = image.parentElement.clientWidth;
    if (room < image.naturalWidth && room > image.naturalWidth * 0.75) image.style.width = `${room}px`;
    else image.parentElement.scrollLeft = (image.naturalWidth - room) / 2;
  });
  const parts = trace.steps.length < trace.all ? `${count(trace.steps.length)} of its ${count(trace.all)} steps, those nearest to this receipt.` : `All of its ${counted(trace.all, "step", "steps")}.`;
  const rows = trace.steps.map((step) => el("tr", step.seq === seq ? { "aria-current": "true" } : {},
    el("td", {}, receiptLink(step.seq)),
    el("td", {}, (step.kind ?? "").replaceAll("_", " "), step.alarm ? el("span", { class: "gloss bad" }, "worth a look") : ""),
    el("td", {}, said(step.says ?? "")),
    el("td", {}, said(step.agent)),
    el("td", {}, step.parents.map((parent) => count(parent)).join(", ") || "nothing in it")));
  target.replaceChildren(
    el("p", { class: "aside" }, parts),
    scroll("Graph of the trace", image),
    ...trace.problems.map((text) => el("p", { class: "problem" }, said(text))),
    ...trace.outside.map((text) => el("p", { class: "aside" }, said(text))),
    el("details", {}, el("summary", {}, "The graph as a table"),
      scroll("Steps of the trace", el("table", {},
        el("thead", {}, el("tr", {}, ...["Receipt", "Kind", "Says", "Agent", "Follows from"].map((name) => el("th", { scope: "col" }, name)))),
        el("tbody", {}, ...rows)))),
  );
}
