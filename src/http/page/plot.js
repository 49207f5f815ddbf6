// A day as lines over one axis of time: inline SVG, read by pointer, by arrow keys and as a table.

import { draw, make } from "./dom.js";

const HEIGHT = 74, LEFT = 42, BOTTOM = 20, GAP = 14;

function ceiling(most) {
  if (!(most > 0)) return 1;
  const unit = 10 ** Math.floor(Math.log10(most));
  return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((step) => step * unit).find((value) => value >= most);
}

/**
 * Plots series over one day. `ends` is when the last sample ended, in milliseconds since 1970; each series has a name, a unit,
 * values oldest first (null: unknown), `digits`, and maybe `bars`, a `limit` line, and `from`, where its axis begins.
 */
export function plot({ ends, every_s, series }) {
  // A drawing scales as a whole: on a phone it is narrower, not smaller.
  const width = innerWidth > 736 ? 760 : 330;
  const many = series[0].values.length, height = series.length * (HEIGHT + GAP) + BOTTOM;
  const x = (i) => LEFT + (width - LEFT) * (i + 0.5) / many;
  const time = (i) => new Date(ends - (many - 1 - i) * every_s * 1000);
  const svg = draw("svg", { viewBox: "0 0 " + width + " " + height, role: "img", "aria-label": "The last 24 hours: " + series.map((one) => one.name.toLowerCase()).join(", "), class: "plot" });
  hours(svg, time, many, x, height);
  series.forEach((one, row) => lane(svg, one, row * (HEIGHT + GAP), x, many, width));
  const cursor = draw("line", { class: "cursor", y1: 0, y2: height - BOTTOM, x1: -9, x2: -9 });
  svg.append(cursor);
  const readout = make("p", { class: "readout", "aria-live": "off" });
  const box = make("div", { class: "plotbox", tabindex: 0, role: "group", "aria-label": "Day, by arrow keys" }, svg, readout);
  let at = many - 1;
  const read = (i, aloud) => {
    at = Math.max(0, Math.min(many - 1, i));
    cursor.setAttribute("x1", x(at));
    cursor.setAttribute("x2", x(at));
    readout.setAttribute("aria-live", aloud ? "polite" : "off");
    readout.replaceChildren(make("strong", {}, clock(time(at))), ...series.map((one) => make("span", {}, make("i", { class: "key " + one.kind }), one.name + " " + value(one, one.values[at]))));
  };
  svg.addEventListener("pointermove", (event) => {
    const bounds = svg.getBoundingClientRect(), place = (event.clientX - bounds.left) / bounds.width * width;
    read(Math.round((place - LEFT) / (width - LEFT) * many - 0.5), false);
  });
  box.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -many, End: many }[event.key];
    if (step) { event.preventDefault(); read(at + step, true); }
  });
  read(many - 1, false);
  return make("figure", {}, box, table(series, time, every_s));
}

const clock = (date) => date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

const value = (one, figure) => figure === null || figure === undefined ? "–" : figure.toFixed(one.digits) + " " + one.unit;

function hours(svg, time, many, x, height) {
  let last = null;
  for (let i = 0; i < many; i += 1) {
    const hour = time(i).getHours();
    if (hour !== last && last !== null && hour % 6 === 0) {
      svg.append(draw("line", { class: "grid", x1: x(i), x2: x(i), y1: 0, y2: height - BOTTOM }),
        draw("text", { class: "axis", x: x(i), y: height - 4, "text-anchor": i > many * 0.93 ? "end" : i < many * 0.03 ? "start" : "middle" }, clock(new Date(time(i).setMinutes(0)))));
    }
    last = hour;
  }
}

function lane(svg, one, top, x, many, width) {
  const known = one.values.filter((figure) => figure !== null && figure !== undefined);
  const from = one.from || 0, most = Math.max(ceiling(Math.max(...known, one.limit || 0, one.least || 0) - from) + from, from + 1e-9);
  const y = (figure) => top + HEIGHT - (Math.max(from, figure) - from) / (most - from) * (HEIGHT - 14);
  svg.append(draw("line", { class: "base", x1: LEFT, x2: width, y1: top + HEIGHT, y2: top + HEIGHT }),
    draw("text", { class: "name", x: LEFT + 4, y: top + 10 }, one.name),
    draw("text", { class: "axis", x: LEFT - 6, y: y(most) + 4, "text-anchor": "end" }, most.toFixed(most - from < 2 ? 1 : 0) + (one.unit === "%" ? " %" : "")),
    draw("text", { class: "axis", x: LEFT - 6, y: top + HEIGHT, "text-anchor": "end" }, String(from)));
  if (!known.length) return svg.append(draw("text", { class: "axis", x: (width + LEFT) / 2, y: top + HEIGHT / 2 + 8, "text-anchor": "middle" }, one.none || "no sensor"));
  if (one.limit) svg.append(draw("line", { class: "limit", x1: LEFT, x2: width, y1: y(one.limit), y2: y(one.limit) }));
  const wide = Math.max(1, (width - LEFT) / many - 0.6);
  if (one.bars) {
    const bars = one.values.map((figure, i) => figure > 0 ? "M" + (x(i) - wide / 2).toFixed(1) + " " + (top + HEIGHT) + "V" + y(figure).toFixed(1) + "h" + wide.toFixed(1) + "V" + (top + HEIGHT) + "z" : "").join("");
    return svg.append(draw("path", { class: "bars " + one.kind, d: bars }));
  }
  let line = "", area = "", run = [];
  const close = () => {
    if (!run.length) return;
    const points = run.map(([i, figure]) => x(i).toFixed(1) + " " + y(figure).toFixed(1));
    line += "M" + points.join("L") + (run.length === 1 ? "h2" : "");
    area += "M" + x(run[0][0]).toFixed(1) + " " + (top + HEIGHT) + "L" + points.join("L") + "L" + x(run[run.length - 1][0]).toFixed(1) + " " + (top + HEIGHT) + "z";
    run = [];
  };
  one.values.forEach((figure, i) => { if (figure === null || figure === undefined) close(); else run.push([i, figure]); });
  close();
  svg.append(draw("path", { class: "area " + one.kind, d: area }), draw("path", { class: "line " + one.kind, d: line }));
}

function table(series, time, every_s) {
  const many = series[0].values.length, step = Math.max(1, Math.round(3600 / every_s)), rows = [];
  for (let i = many - 1; i >= 0; i -= step) {
    const from = Math.max(0, i - step + 1);
    const cells = series.map((one) => {
      const known = one.values.slice(from, i + 1).filter((figure) => figure !== null && figure !== undefined);
      const sum = known.reduce((total, figure) => total + figure, 0);
      return make("td", {}, known.length ? value(one, one.bars ? sum : sum / known.length) : "–");
    });
    rows.push(make("tr", {}, make("th", { scope: "row" }, "until " + clock(time(i))), ...cells));
  }
  return make("details", { class: "quiet" }, make("summary", {}, "As a table"),
    make("div", { class: "table", tabindex: 0, role: "group", "aria-label": "The day by the hour" }, make("table", {},
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Hour"), ...series.map((one) => make("th", { scope: "col" }, one.name)))), make("tbody", {}, ...rows))));
}
