// What scripts/page-check runs: agents with the documents of a family, and a browser that uses the page as people do, at two sizes.
//
// Each step stands alone: one that goes wrong is kept with a picture, what it should have done is done by the API where later steps need it, and
// the run goes on. `page_check/` has the steps; agents.mjs, browser.mjs and report.mjs are what they are made of.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addressInNetwork, agent, endAll, havePassword, read, work } from "./page_check/agents.mjs";
import { closeBrowser, origins, pictures, step, takeFilesFrom } from "./page_check/browser.mjs";
import * as devices from "./page_check/devices.mjs";
import * as door from "./page_check/door.mjs";
import * as library from "./page_check/library.mjs";
import * as looks from "./page_check/looks.mjs";
import { SIZES, fault, leftOut, report } from "./page_check/report.mjs";
import * as search from "./page_check/search.mjs";
import { writeDocuments } from "./page_documents.mjs";

const words = process.argv.slice(2);
const option = (name) => { const at = words.indexOf(name); return at < 0 ? null : words.splice(at, 2)[1]; };
const files = option("--files"), only = option("--only");
const forReadme = words.includes("--readme");
const binary = words.find((one) => !one.startsWith("--")) || "target/release/wattle";
if (files) takeFilesFrom(files);
// Each agent has this port, or one of the next ones, and another a hundred above.
const port = Number(process.env.PAGE_CHECK_PORT) || 17780;

/** A step at both sizes, and whatever later ones need of it however it went. */
async function both(name, act, after = async () => {}) {
  for (const size of SIZES) await at(name, size, act);
  await after();
}

async function at(name, size, act) {
  if (only && !name.includes(only)) return;
  await step(name, size, act);
}

async function started() {
  const folder = join(work, "Documents"), shed = join(work, "shed"), attic = join(work, "attic");
  writeDocuments(folder, shed);
  mkdirSync(attic, { recursive: true });
  writeFileSync(join(attic, "cradle.md"), "# The cradle\n\nGrandfather's cradle stands behind the skis, and its mattress is in the blue trunk.\n");
  writeFileSync(join(attic, "torn map.pdf"), "%PDF-1.7\nnothing of it can be read\n");
  const agents = [await agent(binary, "kitchen", port), await agent(binary, "workshop", port + 10), await agent(binary, "attic", port + 20)];
  for (const one of agents) origins.add(one.origin);
  return agents.map((one, i) => Object.assign(one, { folder: [folder, shed, attic][i], files: [18, 2, 1][i] }));
}

async function network() {
  const address = addressInNetwork();
  const why = "this machine has no private address in a network";
  if (only && !"in the network".includes(only)) return;
  if (!address) return SIZES.forEach((size) => leftOut("in the network", size, why));
  const open = address + ":" + (port + 140), porch = await agent(binary, "porch", port + 30, open);
  origins.add(porch.origin);
  await both("in the network, plain", (size) => door.plain(porch, open, size));
  await door.encrypt(porch);
  await both("in the network, with TLS", (size) => door.encrypted(porch, open, size));
}

async function main() {
  const [kitchen, workshop, attic] = await started();
  await both("set-up: the door", (size) => door.setUp(kitchen, size), () => havePassword(kitchen));
  await at("first visit: add a folder", "desk", (size) => library.firstVisit(kitchen, kitchen.folder, size, "light"));
  await at("first visit: add a folder", "phone", (size) => library.firstVisit(attic, attic.folder, size, "dark"));
  for (const one of [kitchen, workshop, attic]) await read(one, one.folder, one.files);
  await both("search", (size) => search.searching(kitchen, size));
  await both("search: what is wide", (size) => search.wide(kitchen, size));
  await both("search: near and weak answers", (size) => search.near(kitchen, size));
  await both("feedback", (size) => search.feedback(kitchen, size));
  await both("late and failed answers", (size) => search.lateAndFailed(kitchen, size));
  await both("hostile documents", (size) => search.hostile(kitchen, size));
  await both("filters by folder", (size) => search.folders(kitchen, size));
  await both("library: state, languages, model", (size) => library.looking(kitchen, size));
  await both("library: rename, remove", (size) => library.renaming(kitchen, size));
  await both("library: add, rings, public", (size) => library.rings(kitchen, size));
  await both("tokens of programs", (size) => door.tokens(kitchen, size));
  await both("a guest who may only read", (size) => door.guest(kitchen, size));
  await both("browsers that signed in", (size) => door.browsers(kitchen, size));
  await both("sign this browser out", (size) => door.leaving(kitchen, size));
  await both("an old address", (size) => door.oldAddress(kitchen, size));
  await both("signed out elsewhere", (size) => door.signedOutElsewhere(kitchen, size));
  await both("join by a wrong code", (size) => devices.wrongCode(workshop, size));
  await at("pair a device", "desk", (size) => devices.pairing(kitchen, workshop, size));
  await at("pair a device", "phone", (size) => devices.pairing(kitchen, attic, size));
  for (const one of [workshop, attic]) await devices.paired(kitchen, one);
  await both("answers of all devices", (size) => search.together(kitchen, size));
  await both("energy", (size) => devices.energy(kitchen, size));
  await both("each view, light and dark", (size) => looks.everyView(kitchen, size));
  await both("on a slow processor", (size) => looks.slow(kitchen, size));
  await at("the bundle", "desk", () => looks.size(kitchen));
  if (forReadme) await both("pictures of the README", (size) => looks.readme(kitchen, size));
  await at("remove a device", "phone", (size) => devices.removing(kitchen, attic, size));
  await at("remove a device", "desk", (size) => devices.removing(kitchen, workshop, size));
  await network();
}

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => { endAll(); report(pictures); process.exit(130); });
try {
  await main();
} catch (error) {
  // What all later steps need did not come.
  fault(error.stack || String(error));
} finally {
  await closeBrowser();
  endAll();
}
process.exit(report(pictures) ? 0 : 1);
