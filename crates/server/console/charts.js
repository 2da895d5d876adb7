// Drawings of paths, each beside a table that says the same.

const CHART = { height: 210, left: 46, right: 14, top: 14, bottom: 34 };

/** A number for an axis. */
const short = (value) => (Math.abs(value) >= 1000 ? count(Math.round(value)) : String(Number(value.toPrecision(3))));

/** A scale from values to pixels. */
const scale = (from, to, start, end) => (value) => start + ((value - from) / (to - from || 1)) * (end - start);

/** Values at which an axis has marks. */
function marks(from, to, most) {
  const rough = (to - from) / most || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough);
  const all = [];
  for (let at = Math.ceil(from / step) * step; at <= to + step * 1e-9; at += step) all.push(Number(at.toPrecision(12)));
  return all;
}

/** The frame of a chart: axes, marks, names. `draw` puts what is shown into it. */
function chart(width, { label, x, y, from, to, low, high, lines = [] }, draw) {
  const { height, left, right, top, bottom } = CHART;
  const across = scale(from, to, left, width - right);
  const up = scale(low, high, height - bottom, top);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label, class: "chart" });
  for (const at of marks(low, high, 4)) {
    drawing.append(
      svg("path", { d: `M${left} ${up(at)}H${width - right}`, class: "grid" }),
      svg("text", { x: left - 6, y: up(at) + 4, class: "end" }, short(at)));
  }
  for (const at of marks(from, to, width < 500 ? 3 : 6)) {
    drawing.append(svg("text", { x: across(at), y: height - bottom + 15, class: "middle" }, short(at)));
  }
  drawing.append(svg("text", { x: width - right, y: height - 4, class: "end name" }, x), svg("text", { x: left, y: 10, class: "name" }, y));
  draw(drawing, across, up);
  for (const { at, name, sort } of lines) {
    drawing.append(
      svg("path", { d: `M${left} ${up(at)}H${width - right}`, class: `limit ${sort}` }),
      svg("text", { x: left + 4, y: up(at) - 4, class: sort }, name));
  }
  return drawing;
}

/** A path of stretches, with limits and alarms. */
function drawPathOf(width, { label, y, path, lines, alarms }) {
  const values = [0, ...lines.map((line) => line.at), ...path.flatMap((one) => [one.least, one.greatest])];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || 1) * 0.08;
  const frame = { label, y, x: "decisions", from: 0, to: path.at(-1)?.to ?? 1, low: low - room, high: high + room, lines };
  return chart(width, frame, (drawing, across, up) => {
    const upper = path.map((one) => `${across(one.to)} ${up(one.greatest)}`);
    const lower = path.map((one) => `${across(one.to)} ${up(one.least)}`).reverse();
    const last = path.map((one) => `${across(one.to)} ${up(one.last)}`);
    if (path.length > 0) {
      drawing.append(
        svg("path", { d: `M${[...upper, ...lower].join("L")}Z`, class: "span" }),
        svg("path", { d: `M${across(0)} ${up(0)}L${last.join("L")}`, class: "way" }));
    }
    // Marks that would lie upon each other are one; how many alarms there were is said above.
    let before = -Infinity;
    for (const alarm of alarms) {
      const at = across(alarm.observation);
      if (at - before < 11) continue;
      before = at;
      const on = up(lines[0].at);
      drawing.append(svg("path", { d: `M${at} ${on - 6}l5 9h-10z`, class: "alarm" }));
    }
  });
}

/** Drift by window: flagged ones have another shape besides another colour. */
function drawDrift(width, drift) {
  const windows = drift.shown;
  const all = windows.reduce((sum, window) => sum + window.of, 0);
  const high = Math.max(0.02, ...windows.map((window) => window.bits)) * 1.1;
  const frame = { label: `Drift of ${drift.over} in ${counted(drift.windows, "window", "windows")}; the table below says the same`, y: "bits from the first decisions", x: "windows", from: 0, to: Math.max(1, all), low: 0, high };
  return chart(width, frame, (drawing, across, up) => {
    let seen = 0;
    for (const window of windows) {
      seen += window.of;
      const [x, y] = [across(seen), up(window.bits)];
      drawing.append(
        svg("path", { d: `M${x} ${up(0)}V${y}`, class: window.flagged ? "stem alarm" : "stem" }),
        window.flagged
          ? svg("path", { d: `M${x} ${y - 6}l6 6l-6 6l-6-6z`, class: "alarm" })
          : svg("circle", { cx: x, cy: y, r: 3.5, class: "dot" }));
    }
  });
}

/** Bars of the last hour, minute by minute. */
function drawMinutes(width, minutes) {
  const [height, most] = [44, Math.max(1, ...minutes)];
  const step = width / minutes.length;
  const bars = minutes.map((number, place) => {
    const tall = number === 0 ? 0 : Math.max(1.5, (number / most) * (height - 2));
    return svg("rect", { x: (place * step).toFixed(2), y: (height - tall).toFixed(2), width: Math.max(1, step - 1).toFixed(2), height: tall.toFixed(2) });
  });
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", height, preserveAspectRatio: "none", role: "img", class: "minutes", "aria-label": `Receipts by minute in the last hour: ${count(minutes.reduce((sum, number) => sum + number, 0))} in all, at most ${count(most)} in one` },
    svg("path", { d: `M0 ${height - 0.5}H${width}`, class: "grid" }), ...bars);
}

/** A table behind a drawing. */
function behind(name, heads, rows) {
  return el("details", {}, el("summary", {}, "As a table"),
    scroll(name, el("table", {},
      el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell) => el("td", {}, cell))))))));
}

/** Stretches that stand together, as many rows as a person reads. */
function rowsOf(path) {
  const each = Math.max(1, Math.ceil(path.length / 24));
  const rows = [];
  for (let from = 0; from < path.length; from += each) {
    const some = path.slice(from, from + each);
    const [first, last] = [some[0], some.at(-1)];
    rows.push([`${count(first.from)} to ${count(last.to)}`, short(Math.min(...some.map((one) => one.least))), short(Math.max(...some.map((one) => one.greatest))), short(last.last), receiptLink(last.receipts.last)]);
  }
  return rows;
}

/** A figure: title, what it says, drawing, table. */
function figure(title, sentence, tone, drawing, table) {
  return el("figure", { class: "drawing" },
    el("h3", {}, title),
    el("p", {}, answer(tone, sentence)),
    drawing,
    table);
}

const percent = (rate) => `${Number((100 * rate).toPrecision(3))} %`;

/** The figures of a log, as wide as there is room. */
function drawings(width, { sprt, cusum, drift }) {
  const heads = ["Decisions", "Least", "Greatest", "Last", "Up to"];
  const none = "No decision yet.";
  return [
    figure(`Wald's test: ${percent(sprt.p0)} or ${percent(sprt.p1)}?`,
      sprt.observations === 0 ? none : `${counted(sprt.rejected, "alarm", "alarms")}; the usual rate was accepted ${counted(sprt.accepted, "time", "times")}`,
      sprt.observations === 0 ? "not_applicable" : sprt.rejected > 0 ? "alarm" : "quiet",
      drawPathOf(width, { label: `Path of Wald's test over ${counted(sprt.observations, "decision", "decisions")}; the table below says the same`, y: "log-likelihood ratio", path: sprt.path, alarms: sprt.alarms, lines: [{ at: sprt.upper, name: "alarm", sort: "bad" }, { at: sprt.lower, name: "as usual", sort: "good" }] }),
      behind("Path of Wald's test", heads, rowsOf(sprt.path))),
    figure(`Cumulative sum: from ${percent(cusum.p0)} to ${percent(cusum.p1)}?`,
      cusum.observations === 0 ? none : counted(cusum.alarm_count, "alarm", "alarms"),
      cusum.observations === 0 ? "not_applicable" : cusum.alarm_count > 0 ? "alarm" : "quiet",
      drawPathOf(width, { label: `Path of the cumulative sum over ${counted(cusum.observations, "decision", "decisions")}; the table below says the same`, y: "sum", path: cusum.path, alarms: cusum.alarms, lines: [{ at: cusum.threshold, name: "alarm", sort: "bad" }] }),
      behind("Path of the cumulative sum", heads, rowsOf(cusum.path))),
    figure(`Drift of ${drift.over}s, window by window`,
      drift.windows === 0 ? `Too few decisions for a baseline of ${count(drift.baseline)} and a window of ${count(drift.window)}.` : `${count(drift.shown.filter((window) => window.flagged).length)} of ${counted(drift.windows, "window", "windows")} flagged`,
      drift.windows === 0 ? "not_applicable" : drift.shown.some((window) => window.flagged) ? "alarm" : "quiet",
      drawDrift(width, drift),
      behind("Drift by window", ["Receipts", "Bits", "p", "Most", "Before", "In it"], drift.shown.map((window) => [
        el("span", {}, receiptLink(window.receipts.first), " to ", count(window.receipts.last)), short(window.bits), window.p.toExponential(1), said(window.most), percent(window.before), percent(window.within)]))),
  ];
}
