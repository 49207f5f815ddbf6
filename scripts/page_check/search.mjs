// Asking: answers, their places in the history, keys, feedback, what fails, what comes late, and documents that mean harm.

import { call, until } from "./agents.mjs";
import { answerCalls, ask, back, click, go, gone, has, answerSearches, holdSearches, inspect, keepsItsWidth, open, picture, press, refuseSearches, says, send, shown, text, there, type, visit, wait } from "./browser.mjs";
import { check, figure } from "./report.mjs";

const RADIATORS = "How do I get air out of the radiators?";

export async function searching(one, size) {
  const page = await open(size);
  await visit(page, one, "idle", { token: one.token });
  check((await text(page, "main")).includes("Ask in your own words"), "before a question the page says what there is to ask");
  await page.focus(".filters select[name=type]");
  await call(one, "POST", "/v1/energy/pause", {});
  await says(page, "#strip", "Paused");
  check(await page.evaluate(() => document.activeElement.name === "type"), "a choice of a filter stays when the status changes");
  await call(one, "POST", "/v1/energy/resume", {});
  const began = Date.now();
  await ask(page, RADIATORS);
  figure("an answer, from the first letter of its question to its cards", Date.now() - began + " ms", size);
  check((await text(page, ".hit h2")).includes("Heating"), "the title is the document's heading");
  check((await text(page, ".hit .where")).includes("house › heating.md"), "the place is the folders from the watched one on");
  check(/\d+ of \d+ files/.test(await text(page, ".coverage")), "one line says what was searched");
  check(["strong", "possible"].includes(await text(page, ".hit .strength")), "strong or possible stands in place of a number");
  check(await has(page, ".hit mark") && await has(page, ".hit .best"), "words and the best sentence are marked");
  check(!(await text(page, "#answers")).includes("Serves four"), "a passage that says nothing alone is not shown");
  await inspect(page, "answers", "search-" + size + "-light");
  const address = page.url();
  check(address.includes("?q=How+do+I"), "the question is in the address");
  await ask(page, "boiler serviced cost");
  check(await has(page, ".hit table"), "a table is a table");
  await picture(page, "search-table-" + size);
  await back(page);
  await shows(page, RADIATORS);
  check(page.url() === address, "Back brings the question and its answers again");
  await page.reload({ waitUntil: "domcontentloaded" });
  await shows(page, RADIATORS);
  check(true, "a reload brings them again too");
  await (size === "phone" ? byHand(page, address) : byKeys(page, address));
  await ask(page, "where is the boiler type:epub");
  check((await text(page, "#answers")).includes("No file of the type \"epub\" is on " + one.name), "a type of which no file is there is told");
}

/** Waits until the page has the answers to this question. */
const shows = (page, question) => wait(page, "the answers to " + question,
  (question) => document.querySelector("#q")?.value === question && document.querySelector("#answers:not([aria-busy]) .hit"), question);

/** A document is opened and closed by touching, and a folder is typed as a filter. */
async function byHand(page, address) {
  await press(page, "Show in document");
  await there(page, "dialog[open] section");
  await inspect(page, "a document, by hand", "reader-phone");
  await page.keyboard.press("Escape");
  await gone(page, "dialog");
  check(page.url() === address, "a document that is closed leaves the answers");
  const typing = async () => {
    await there(page, ".filters select[name=folder]");
    await page.$eval(".filters select[name=folder]", (select) => {
      select.value = "\u0001";
      select.dispatchEvent(new Event("change", { bubbles: true }));
    });
  };
  await typing();
  await type(page, ".filters input[name=folder]", "/nowhere");
  await page.keyboard.press("Escape");
  await there(page, ".filters select[name=folder]");
  check(page.url() === address, "Escape leaves the folder that is typed, and nothing is asked");
  await typing();
  const steps = await page.evaluate(() => history.length);
  await type(page, ".filters input[name=folder]", "/nowhere/at/all");
  const sent = page.waitForRequest((request) => request.url().endsWith("/v1/search"));
  await page.keyboard.press("Enter");
  check(JSON.parse((await sent).postData()).path === "/nowhere/at/al[l]", "a folder is typed as a filter");
  check(await page.evaluate(() => history.length) === steps, "a filter is no step of the history");
  await there(page, ".filters select[name=folder]");
  await page.select(".filters select[name=folder]", "");
  await shows(page, RADIATORS);
}

async function byKeys(page, address) {
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("j");
  check(await page.evaluate(() => document.activeElement === document.body), "single keys do nothing that nobody switched on");
  await page.evaluate(() => localStorage.setItem("keys", "on"));
  for (const key of ["j", "j", "k"]) await page.keyboard.press(key);
  check(await page.evaluate(() => document.activeElement === document.querySelector(".hit")), "j and k go through the answers");
  await page.keyboard.press("Enter");
  await there(page, "dialog[open] section.found");
  check((await page.$$("dialog .found")).length === 1 && (await page.$$("dialog section")).length > 1, "Enter shows the passage in its document");
  await inspect(page, "a document, by keys", "reader-desk");
  await page.keyboard.press("Escape");
  await gone(page, "dialog");
  check(page.url() === address, "Escape closes the document, and the answers stand there still");
  await page.keyboard.press("/");
  check(await page.evaluate(() => document.activeElement.id === "q"), "/ goes to the question");
}

/** Wide tables, long words, code and names of files scroll or break in their own boxes, at each width of a phone. */
export async function wide(one, size) {
  const page = await open(size);
  for (const question of ["swimming lesson timetable", "swimming lesson photo convert resize", "photo.jpg"]) {
    await visit(page, one, "answers", { query: question, token: one.token });
    await page.$$eval(".weak", (folds) => folds.forEach((fold) => { fold.open = true; }));
    for (const width of size === "phone" ? [320, 360, 390, 430] : [1180]) {
      await page.setViewport({ ...page.viewport(), width });
      await keepsItsWidth(page, question + ", " + width + " px");
    }
  }
  await ask(page, "swimming lesson timetable");
  await there(page, ".hit table");
  if (size === "phone") check(await page.$$eval(".hit .table", (all) => all.some((one) => one.scrollWidth > one.clientWidth)), "a wide table scrolls in its own box");
  await inspect(page, "a wide table", "search-wide-" + size);
  await press(page, "Show in document");
  await there(page, "dialog[open] section");
  await keepsItsWidth(page, "a document with what is wide");
}

/** What stands beside a best answer that is not strong, and what does where nothing fits: by answers that are as they are needed. */
export async function near(one, size) {
  const page = await open(size);
  const shown = async (question, scores, nothing_fits = false) => {
    const hits = scores.map((score, i) => ({ device: one.name, peer_id: "12D3KooWnear", path: "/bills/" + i + ".md", text: "Dr. Pohl, the vet, was paid so and so much on day " + i + ".", snippet: [], score, heading: "", places: [] }));
    const end = await answerSearches(page, { hits, nothing_fits, coverage: { asked: 1, answered: 1, silent: [], files: { known: 9, searchable: 9 }, unusable: 0 }, unusable: [], unknown: [] });
    await visit(page, one, "answers", { query: question, token: one.token });
    const cards = await page.$$eval("#answers > .documents > li", (all) => all.length);
    end();
    return cards;
  };
  check(await shown("vet cost", [0.21, 0.15, 0.11, 0.1]) === 3, "beside a best answer that is not strong stand those that are nearly as good");
  check(await shown("vet cost sure", [0.8, 0.15]) === 1, "a strong answer stands alone");
  check(await shown("vet of the moon", Array(10).fill(0.03), true) === 3, "where nothing fits, three stand open");
  check((await text(page, ".verdict")).startsWith("Nothing fits well. The nearest:") && (await text(page, ".weak summary")) === "7 weaker documents", "it says so, and how many are folded");
  await inspect(page, "nothing that fits", "search-nearest-" + size);
}

export async function feedback(one, size) {
  // Another question at each size: the same again takes the judgement back.
  const question = size === "phone" ? "When is the boiler serviced?" : RADIATORS;
  const page = await open(size);
  await visit(page, one, "idle", { token: one.token });
  await ask(page, question);
  await click(page, ".hit .thumb");
  await there(page, ".thumb[aria-pressed=true]");
  const kept = async (verdict) => ((await call(one, "GET", "/v1/feedback")).judgements || []).some((of) => of.verdict === verdict && of.question === question);
  await says(page, ".hit .thumbs", "Kept on this device");
  check((await page.$eval("#said", (node) => node.textContent)).includes("Kept on this device"), "a thumb says that it is kept, aloud too");
  await until("the judgement", () => kept("good"));
  check(true, "a thumb is kept on the device");
  await ask(page, "boiler serviced cost");
  await back(page);
  await shows(page, question);
  check(await has(page, ".thumb[aria-pressed=true]"), "Back shows with an answer what was said of it");
  await click(page, ".thumb[aria-pressed=true]");
  await gone(page, ".thumb[aria-pressed=true]");
  await until("the judgement is taken back", async () => !await kept("good"));
  check(true, "the same once more takes it back");
}

/** What fails leaves no old answers; what comes late stands above no other ones. */
export async function lateAndFailed(one, size) {
  const page = await open(size);
  page.expected.push("ERR_FAILED", "net::");
  await visit(page, one, "idle", { token: one.token });
  const still = async (question, { held }, what) => {
    // What was let go has come, or the page gave it up.
    await until("the late answer", async () => held.every((request) => request.failure() || request.response()), 10).catch(() => {});
    await page.evaluate(() => new Promise((done) => setTimeout(done, 300)));
    const found = await page.evaluate(() => ({ asked: document.querySelector("#q").value, busy: document.querySelector("#answers").hasAttribute("aria-busy"), title: document.querySelector(".hit h2")?.innerText }));
    check(found.asked === question && !found.busy && found.title === "Heating", what + " (" + found.title + ")");
  };
  await ask(page, RADIATORS);
  const compost = "How damp should the compost be?";
  const first = await holdSearches(page, compost);
  await send(page, compost);
  await until("the question that is left", async () => first.held.length > 0);
  await back(page);
  await shows(page, RADIATORS);
  await first.release();
  await still(RADIATORS, first, "an answer that comes after Back is not above those that Back brought");
  const second = await holdSearches(page, compost);
  await send(page, compost);
  await until("the question that is overtaken", async () => second.held.length > 0);
  await ask(page, "When is the boiler serviced?");
  await second.release();
  await still("When is the boiler serviced?", second, "an answer that comes after that of a later question is not above it");
  const end = await refuseSearches(page);
  await ask(page, "a question that fails");
  check(!(await has(page, "#answers .hit")) && (await page.$$("#answers .failed")).length === 1, "a failed question shows no old answers");
  await inspect(page, "a question that failed", "search-failed-" + size);
  end();
  await press(page, "Ask again");
  await wait(page, "an answer to what failed", () => document.querySelector("#answers:not([aria-busy]) .hit, #answers:not([aria-busy]) .verdict"));
  check(true, "what failed is asked again by a button");
  await restOfText(page, one);
}

/** The rest of a long document cannot be had: that is told, and its button asks for it again. */
async function restOfText(page, one) {
  const { hits: [{ heading, text }] } = await call(one, "POST", "/v1/search", { query: RADIATORS, k: 20 });
  const end = await answerCalls(page, (request) => request.url().includes("/v1/document?"),
    (request) => request.url().includes("from=") ? null : { path: "/long.md", from: 0, of: 2, next: 1, passages: [{ heading, text }] });
  await ask(page, RADIATORS);
  await press(page, "Show in document");
  await press(page, "Further text", "dialog");
  await there(page, "dialog .failed");
  await wait(page, "a button to ask again", () => [...document.querySelectorAll("dialog button")].some((one) => one.textContent === "Further text" && !one.disabled));
  check(true, "further text that does not come is told, and asked for again by its button");
  await page.keyboard.press("Escape");
  await gone(page, "dialog");
  end();
}

const HARMFUL = "main script, main iframe, main style, main img:not(.qr), main [onclick], main [onerror], main a[href^='javascript'], dialog script, dialog iframe, dialog img, dialog style, dialog [onload]";

/** Documents that mean harm stay text. */
export async function hostile(one, size) {
  const page = await open(size);
  await visit(page, one, "idle", { token: one.token });
  for (const question of ["umbrella stand flea market", "umbrella ribs riveted brass pin", "umbrella prices shop station"]) {
    await ask(page, question);
    await press(page, "Show in document");
    await there(page, "dialog[open] section");
    // Here or at the end of the document; what harms would have acted as soon as it is there.
    await wait(page, "its text", () => !document.querySelector("dialog").innerText.includes("Reading …"));
    const bad = await page.evaluate((harmful) => document.title.includes("owned") || document.querySelectorAll(harmful).length, HARMFUL);
    check(!bad, "a hostile document stays text: " + question);
    await page.keyboard.press("Escape");
    await gone(page, "dialog");
  }
}

/** What the page asks for of a folder: it, and no other whose name begins alike. */
export async function folders(one, size) {
  const asked = [
    ["/data/notes", "/data/note[s]"],
    ["/data/Caf\u00e9", "/data/Ca[f]\u00e9"],
    ["/data/Cafe\u0301", "/data/Ca[f]e\u0301"],
    ["/data/\u0434\u043e\u043c", "/dat[a]/\u0434\u043e\u043c"],
    ["/data/\u5bb6", "/dat[a]/\u5bb6"],
    ["/\u0434\u043e\u043c", "/\u0434\u043e\u043c/"],
    ["/data/a [1]", "/data/a ?[1]?"],
  ];
  const page = await open(size);
  await visit(page, one, "idle", { token: one.token });
  for (const [folder, path] of asked) {
    const sent = page.waitForRequest((request) => request.url().endsWith("/v1/search"));
    await go(page, one.origin + "/?q=lamp&folder=" + encodeURIComponent(folder));
    check(JSON.parse((await sent).postData()).path === path, "a folder is asked for alone: " + folder);
    await shown(page, "answers");
  }
}

/** With other devices: whose an answer is, how many were asked, and what they cannot read. */
export async function together(one, size) {
  const page = await open(size);
  for (const [question, name] of [["which blade for plywood", "workshop"], ["where is the cradle", "attic"]]) {
    await visit(page, one, "answers", { query: question, token: one.token });
    await says(page, ".hit .tag", name);
    check((await text(page, ".hit .tag")) === name, "an answer names the other device, " + name);
  }
  check(/3 devices/.test(await text(page, ".coverage")), "the line counts the devices");
  check(/[0-9]+ not readable/.test(await text(page, ".coverage a")), "the line counts what no device can read");
  await click(page, ".coverage summary");
  await says(page, ".coverage li", "attic cannot read 1 file.");
  check(true, "it says what another device cannot read");
  await inspect(page, "answers of three devices", "together-" + size);
  await press(page, "Show in document");
  await there(page, "dialog[open] section");
  check((await text(page, "dialog")).includes("The document is on attic"), "a document of another device shows the passages that were found");
  await page.keyboard.press("Escape");
  await gone(page, "dialog");
  await visit(page, one, "devices");
  await says(page, ".device", "listed at its own page");
  check(true, "the devices say where it is listed what another one cannot read");
  await visit(page, one, "library");
  await says(page, "#unreadable .elsewhere", "attic (1)");
  check(true, "so does the library");
}
