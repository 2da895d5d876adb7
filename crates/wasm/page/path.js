// The way from a receipt up to the root of the checkpoint, drawn.

/** First and last digits of a hash; the whole one is in the list below the drawing. */
const brief = (hash) => `${hash.slice(0, 8)} … ${hash.slice(-6)}`;

const BOX = { width: 148, height: 40 };
const STEP = 74;
const WIDTH = 322;

/** The drawing, root at the top, and the same as a list. */
function drawPath(receipt) {
  const path = receipt.path;
  const height = path.steps.length * STEP + BOX.height + 52;
  const y = (level) => height - 26 - BOX.height - level * STEP;
  const drawing = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${height}`, width: WIDTH, height, role: "img",
    "aria-label": `Way from receipt ${receipt.seq} over ${counted(path.steps.length, "step", "steps")} to the root; the list below says the same`,
    class: "path",
  });
  const own = (level) => {
    const left = path.steps[level]?.left ?? false;
    // The node on the way stands on the side that the hash beside it leaves free.
    return left ? WIDTH - BOX.width - 2 : 2;
  };
  const lines = svg("g", { class: "lines" });
  const boxes = svg("g", {});
  let hash = path.leaf;
  path.steps.forEach((step, level) => {
    const [x, beside] = [own(level), step.left ? 2 : WIDTH - BOX.width - 2];
    const above = level + 1 === path.steps.length ? (WIDTH - BOX.width) / 2 : own(level + 1);
    const join = (from, on) => svg("path", {
      d: `M${from + BOX.width / 2} ${y(level)}V${y(level) - 17}H${above + BOX.width / 2}V${y(level + 1) + BOX.height}`,
      class: on ? "on" : "beside",
    });
    lines.append(join(beside, false), join(x, true));
    boxes.append(
      box(x, y(level), hash, level === 0 ? `receipt ${count(receipt.seq)}` : "computed", "on"),
      box(beside, y(level), step.beside, "from the tree", "beside"),
    );
    hash = step.node;
  });
  const top = path.steps.length === 0 ? 2 : (WIDTH - BOX.width) / 2;
  boxes.append(box(top, y(path.steps.length), path.root, path.steps.length === 0 ? "the only receipt" : "computed root", path.fits ? "root" : "wrong"));
  drawing.append(lines, boxes);
  const verdict = path.fits
    ? answer("verified", "It leads to the root that the package's checkpoint has.")
    : answer("failed", "It leads to another root than the package's checkpoint has.");
  const steps = path.steps.map((step, level) => el("li", {},
    `with the hash on the ${step.left ? "left" : "right"} `, code(step.beside), level + 1 === path.steps.length ? " to the root " : " to ", code(step.node)));
  return [
    el("p", {}, verdict, el("span", { class: "gloss" },
      `Receipt ${count(path.index)} of a tree of ${counted(path.size, "receipt", "receipts")}: each hash is computed of the two below it.`)),
    scroll("Way to the root", drawing),
    el("details", {}, el("summary", {}, "The way as a list of whole hashes"),
      el("p", {}, "From the receipt's hash ", code(path.leaf)),
      el("ol", { class: "steps" }, ...steps),
      el("p", {}, "The checkpoint's root is ", code(path.checkpoint_root))),
  ];
}

function box(x, top, hash, name, sort) {
  return svg("g", { class: sort },
    svg("rect", { x, y: top, width: BOX.width, height: BOX.height, rx: 4 }),
    svg("text", { x: x + BOX.width / 2, y: top + 16, class: "name" }, name),
    svg("text", { x: x + BOX.width / 2, y: top + 32, class: "hash" }, brief(hash)));
}
