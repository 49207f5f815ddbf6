// What the library does: folders, collections with their languages, models, rings and names, and files that cannot be read.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WAIT_S, call, until, work } from "./agents.mjs";
import { click, gone, has, inspect, open, picture, press, says, text, there, type, visit, wait } from "./browser.mjs";
import { check } from "./report.mjs";

const sources = async (one) => (await call(one, "GET", "/v1/status")).sources;

/** A folder with one document. */
function newFolder(name, words) {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "note.md"), "# Note of " + name + "\n\n" + words + "\n");
  return folder;
}

/** The first visit of an agent that has no folder: three steps, of which the first is done here. */
export async function firstVisit(one, folder, size, scheme) {
  const page = await open(size, scheme);
  // The folder that is not there.
  page.expected.push("400", "404", "409");
  await visit(page, one, "idle", { token: one.token });
  await there(page, ".first");
  check((await page.$$(".first .step")).length === 3, "an empty home shows three steps");
  await inspect(page, "the first visit", "first-" + size + "-" + scheme);
  await type(page, "input[name=path]", join(folder, "is not there"));
  await press(page, "Add");
  await there(page, ".first .failed");
  check(!(await sources(one)).length, "a folder that is not there is told");
  await type(page, "input[name=path]", folder);
  await press(page, "Add");
  await gone(page, ".first");
  check((await sources(one)).some((source) => source.path === folder), "a folder is added on the page");
  await visit(page, one, "library");
  await there(page, ".library progress");
  await inspect(page, "the library while files are read", "library-reading-" + size);
}

/** Languages and model of a collection; files that cannot be used, with their reasons. */
export async function looking(one, size) {
  const page = await open(size);
  await visit(page, one, "library", { token: one.token });
  check(/\d+ of \d+ files ready/.test((await text(page, ".figure")).replace(/\s+/g, " ")), "the library says how far the files are");
  await click(page, ".collection summary");
  await says(page, ".collection", "as every collection that was given none");
  check(true, "the library says which model a collection has, and why");
  await inspect(page, "the model of a collection", "library-model-" + size);
  await visit(page, one, "answers", { query: "when is the boiler serviced" });
  await click(page, ".coverage a");
  await says(page, "#unreadable .paths", "scan of the lease.pdf");
  check(page.url().includes("?view=library"), "the line above the answers leads to what cannot be read, with reasons");
  await inspect(page, "files that cannot be read", "library-unreadable-" + size);
  // They are counted at rest, and half a minute after the last count at the soonest.
  await until("the languages", async () => ((await call(one, "GET", "/v1/status")).model.languages || []).length, WAIT_S * 4);
  await says(page, ".collection", "Languages: ");
  const said = /Languages: .*/.exec(await text(page, ".collection"));
  check(said && said[0].includes("English"), "the library says in which languages the documents of a collection are (" + said + ")");
}

/** A name that is half typed stays while the library changes; the collection has its new name then. */
export async function renaming(one, size) {
  const page = await open(size), loft = newFolder("loft " + size, "The sledges hang in the loft.");
  await visit(page, one, "library", { token: one.token });
  const name = (await text(page, ".collection h2")).trim();
  const files = await text(page, ".figure");
  await click(page, ".collection details:last-of-type summary");
  await type(page, "[aria-label='New name of " + name + "']", "paper");
  await call(one, "POST", "/v1/add", { path: loft, collection: "loft-" + size });
  await wait(page, "the page hears of another file", (files) => document.querySelector(".figure").innerText !== files, files);
  const half = await page.evaluate(() => ({ typed: document.activeElement.value, where: document.activeElement.getAttribute("aria-label") }));
  check(half.typed === "paper" && half.where === "New name of " + name, "a name that is half typed stays while the library changes (" + half.typed + ")");
  await page.keyboard.type("s of " + size);
  await page.keyboard.press("Enter");
  await says(page, ".collection h2", "papers of " + size);
  await says(page, ".collection h2", "loft-" + size);
  check((await sources(one)).some((source) => source.collection === "papers of " + size), "a collection is renamed on the page, which has what came meanwhile too");
  await picture(page, "library-renamed-" + size);
  await call(one, "POST", "/v1/collection", { name: "papers of " + size, to: name });
  await says(page, ".collection h2", name);
  await click(page, "[aria-label='Remove loft " + size + "']");
  await press(page, "Forget it");
  await until("the folder is gone", async () => !(await sources(one)).some((source) => source.path === loft));
  await wait(page, "a library without it", (name) => ![...document.querySelectorAll(".collection h2")].some((one) => one.innerText === name), "loft-" + size);
  check(true, "a folder is removed on the page");
}

/** A folder is added in the library, and its collection made public: by its name typed once more, and by nothing less. */
export async function rings(one, size) {
  const page = await open(size), fair = newFolder("fair " + size, "The fair is on the second Sunday in May."), name = "fair-" + size;
  // A name that is not the collection's is refused.
  page.expected.push("400");
  await visit(page, one, "library", { token: one.token });
  await type(page, "#add input[name=path]", fair);
  await type(page, "#add input[name=collection]", name);
  await press(page, "Add", "#add");
  await says(page, "#add .good", "is watched from now on");
  const ring = "[aria-label='Who may search " + name + "']", now = async () => (await sources(one)).find((source) => source.path === fair).ring;
  const choose = async (value) => { await there(page, ring); await page.select(ring, value); };
  check(await now() === "mesh", "a folder that is added is searched by all own devices");
  await choose("private");
  await until("the ring is private", async () => await now() === "private");
  check(true, "who may search a collection is chosen on the page");
  await wait(page, "the library shows it", (ring) => document.querySelector(ring)?.value === "private", ring);
  await type(page, "#add input[name=collection]", name);
  check(await page.$eval("#add select[name=ring]", (list) => list.disabled && list.value === "private"), "a folder for a collection that was made in this visit has that one's ring");
  await choose("public");
  await says(page, ".collection .pending", "Each file of " + name);
  check(await now() === "private", "one choice in a list makes nothing public");
  await inspect(page, "the question before a collection is public", "library-public-" + size);
  await press(page, "No", ".collection");
  await gone(page, ".pending");
  check(await page.$eval(ring, (list) => list.value) === "private" && await now() === "private", "who says no has the ring of before");
  await choose("public");
  await type(page, ".pending input", name + "s");
  await press(page, "Make it public");
  await there(page, ".pending .failed");
  check(await now() === "private", "another name makes nothing public");
  await type(page, ".pending input", name);
  await press(page, "Make it public");
  await until("the ring is public", async () => await now() === "public");
  await gone(page, ".pending");
  check(await has(page, ring), "a collection is public once its name was typed once more");
  await wait(page, "the library shows it", (ring) => document.querySelector(ring)?.value === "public", ring);
  await call(one, "POST", "/v1/forget", { path: fair });
}
