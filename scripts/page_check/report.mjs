// What a run of scripts/page-check finds, step by step, and the table that it ends with.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

export const SIZES = ["phone", "desk"];
const BUNDLE_MOST = 164 * 1024;

const rows = new Map();
const figures = [];
export const tally = Object.fromEntries(SIZES.map((size) => [size, { looks: 0, findings: 0, console: 0, requests: 0, outside: 0, pictures: 0, wide: 0 }]));
let now = null;

const row = (name) => {
  if (!rows.has(name)) rows.set(name, {});
  return rows.get(name);
};

/** A step begins: what is found from here on belongs to it. */
export function begin(name, size) {
  now = row(name)[size] = { checks: 0, faults: [], began: Date.now(), took: 0 };
  console.log("\n" + name + ", " + size);
}

/** It ends; how many faults it has. */
export function finish() {
  now.took = Date.now() - now.began;
  return now.faults.length;
}

/** A step that cannot be done on this machine, and why. */
export function leftOut(name, size, why) {
  row(name)[size] = { why };
  console.log("\n" + name + ", " + size + "\n  not run  " + why);
}

/** Something that must not be. */
export function fault(what) {
  if (!now) begin("before the first step", SIZES[0]);
  now.faults.push(what);
  console.log("  WRONG    " + what);
}

/** One thing that is looked at. */
export function check(is, what) {
  if (now) now.checks += 1;
  if (!is) return fault(what);
  console.log("  ok       " + what);
}

/** A figure of one size, or of both where it has none. */
export const figure = (what, value, size = "") => figures.push({ what, value: String(value), size });

/** The size of the bundle, which has a limit. */
export function bundle(files, bytes) {
  figure("the bundle, of " + BUNDLE_MOST.toLocaleString("en") + " bytes at most", files + " files, " + bytes.toLocaleString("en") + " bytes");
  check(bytes < BUNDLE_MOST, "the bundle keeps to its limit");
}

const cell = (one) => !one ? "–" : one.why ? "not run" : (one.faults.length ? one.faults.length + " wrong" : "ok") + " (" + one.checks + " checks, " + Math.round(one.took / 1000) + " s)";

/** All of it as one table, with the faults behind; whether there are none. */
export function report(folder) {
  const table = [["what", ...SIZES], ["---", ...SIZES.map(() => "---")]];
  for (const [name, of] of rows) table.push([name, ...SIZES.map((size) => cell(of[size]))]);
  const of = (what, value) => table.push([what, ...SIZES.map((size) => value(tally[size]))]);
  of("axe-core: findings, in so many looks", (one) => one.findings + " in " + one.looks);
  of("wider than the page, in so many looks", (one) => one.wide + " in " + one.looks);
  of("errors of the console and of scripts", (one) => one.console);
  of("requests to anybody else, of all", (one) => one.outside + " of " + one.requests);
  of("screenshots", (one) => one.pictures);
  for (const what of new Set(figures.map((one) => one.what))) {
    const values = figures.filter((one) => one.what === what);
    const common = values.find((one) => !one.size);
    table.push([what, ...SIZES.map((size) => (values.find((one) => one.size === size) || common || { value: "–" }).value)]);
  }
  const text = table.map((line) => "| " + line.join(" | ") + " |").join("\n");
  const faults = [...rows].flatMap(([name, of]) => SIZES.flatMap((size) => of[size] && of[size].faults ? of[size].faults.map((what) => name + ", " + size + ": " + what) : []));
  console.log("\n" + text);
  console.log(faults.length ? "\n" + faults.length + " faults:\n  " + faults.join("\n  ") + "\n\nThe page has faults. Pictures: " + folder : "\nThe page is as it should be. Pictures: " + folder);
  writeFileSync(join(folder, "table.md"), text + "\n" + faults.map((one) => "\n- " + one).join("") + "\n");
  writeFileSync(join(folder, "figures.json"), JSON.stringify({ figures, tally, steps: Object.fromEntries(rows) }, null, 2));
  return !faults.length;
}
