// What scripts/page-check runs: two agents with the documents of a family, and a browser that uses the page as people do.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeDocuments } from "./page_documents.mjs";

const cache = process.env.PAGE_CHECK_CACHE;
const require = createRequire(join(cache, "index.js"));
const puppeteer = require("puppeteer-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const arguments_ = process.argv.slice(2);
const forReadme = arguments_.includes("--readme");
const binary = arguments_.find((one) => !one.startsWith("--")) || "target/release/wattle";
const pictures = "target/page-check";
mkdirSync(pictures, { recursive: true });
const work = mkdtempSync(join(tmpdir(), "page-check-"));
const SIZES = { desk: { width: 1180, height: 860 }, phone: { width: 360, height: 740, isMobile: true, hasTouch: true, deviceScaleFactor: 2 } };
const faults = [];
const figures = [];
const agents = [];

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
function check(is, what) {
  if (!is) faults.push(what);
  console.log((is ? "  ok      " : "  WRONG   ") + what);
}

async function until(what, is, seconds = 60) {
  for (let i = 0; i < seconds * 5; i += 1) {
    const got = await is().catch(() => null);
    if (got) return got;
    await sleep(200);
  }
  throw new Error("Never came: " + what);
}

// --- agents

async function agent(name, port) {
  const home = join(work, "home of " + name);
  const process_ = spawn(binary, ["up", "--home", home, "--name", name, "--api", "127.0.0.1:" + port, "--listen", "127.0.0.1:" + (port + 100), "--no-mdns", "--burst", "10m"], { stdio: "ignore" });
  const one = { name, home, port, process: process_, origin: "http://127.0.0.1:" + port };
  agents.push(one);
  one.token = await until("the token of " + name, async () => readFileSync(join(home, "api-token"), "utf8").trim());
  await until(name + " answers", async () => (await fetch(one.origin + "/healthz")).ok);
  one.call = async (method, path, body) => {
    const answer = await fetch(one.origin + path, { method, headers: { Authorization: "Bearer " + one.token, "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
    return answer.status === 204 ? {} : answer.json();
  };
  return one;
}

function end() {
  for (const one of agents) one.process.kill("SIGKILL");
  rmSync(work, { recursive: true, force: true });
}

// --- the browser

let origin = "";
let browser = null;
const allowed = new Set();

/** A page of this size and scheme that reports what must not be. */
async function open(size, scheme = "light") {
  const page = await browser.newPage();
  await page.setViewport(SIZES[size]);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: "reduce" }]);
  page.expected = [];
  page.on("console", (message) => {
    const text = message.text();
    // Pages are opened faster here than by people, and the agent notices only after some seconds that one has gone: a stream too many is
    // refused then, and the page asks now and then instead.
    if (text.includes("503") && (message.location().url || "").endsWith("/v1/events/stream")) return;
    if (message.type() === "error" && !page.expected.some((part) => text.includes(part))) faults.push("The console says at " + size + ": " + text + " " + (message.location().url || ""));
  });
  page.on("pageerror", (error) => faults.push("A script failed at " + size + ": " + error.message));
  page.on("dialog", async (dialog) => { faults.push("A document opened a dialogue: " + dialog.message()); await dialog.dismiss(); });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin + "/") && !url.startsWith("data:image/svg+xml") && !url.startsWith("blob:" + origin)) faults.push("A request to somebody else: " + url);
  });
  return page;
}

async function picture(page, name) {
  await sleep(250);
  await page.screenshot({ path: join(pictures, name + ".png"), captureBeyondViewport: false });
}

async function axe(page, name) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => (await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })).violations
    .map((one) => one.id + ": " + one.nodes.slice(0, 3).map((node) => node.target.join(" ") + (node.any[0] ? " (" + node.any[0].message + ")" : "")).join(" | ")));
  check(!found.length, "axe finds nothing: " + name + (found.length ? "\n            " + found.join("\n            ") : ""));
}

/** The whole page must fit its width: nothing is cut off or scrolls aside. */
async function fits(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(wide <= 0, "nothing is wider than the page: " + name + (wide > 0 ? " (" + wide + " px)" : ""));
}

const text = (page, selector) => page.$eval(selector, (node) => node.innerText).catch(() => "");
const click = async (page, selector) => { await page.waitForSelector(selector, { visible: true, timeout: 15000 }); await page.click(selector); };
const press = (page, label, within = "main") => page.evaluate((label, within) => {
  const button = [...document.querySelectorAll(within + " button, " + within + " summary")].find((one) => one.textContent.trim() === label && one.offsetParent);
  if (!button) throw new Error("There is no button " + label);
  button.click();
}, label, within);

async function see(page, view, name, { query = "" } = {}) {
  await page.goto(origin + "/" + (view ? "?view=" + view : query ? "?q=" + encodeURIComponent(query) : ""), { waitUntil: "networkidle2", timeout: 20000 }).catch(() => {});
  await sleep(600);
  await picture(page, name);
}

// --- what people do

let chosen = false;

async function door(main, size) {
  const page = await open(size);
  page.expected.push("401");
  await page.goto(origin + "/");
  await page.waitForSelector("#token");
  check(!(await text(page, ".door")).includes("did not take"), "the locked page asks for what lets in and blames nobody");
  // The first visit is one: at the other size the agent has its password.
  if (!chosen) {
    chosen = true;
    check((await text(page, ".door")).includes("no password yet"), "the first visitor of a new agent may choose the password");
    await axe(page, "first visit's door, " + size);
    await page.type("#password", "quince and plum");
    await page.type("#again", "plum and quince");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector(".door .notice:not([hidden])"), { timeout: 10000 });
    check((await text(page, ".door .notice")).includes("differ"), "two passwords that differ are told");
    await page.click("#again", { clickCount: 3 });
    await page.type("#again", "quince and plum");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".first", { timeout: 15000 });
    await page.evaluate(() => { sessionStorage.clear(); localStorage.clear(); });
    await page.goto(origin + "/");
  }
  await page.waitForSelector("#password");
  await page.type("#password", "plum and quince");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector(".door .notice:not([hidden])"), { timeout: 10000 });
  check((await text(page, ".door .notice")).includes("not the password"), "a wrong password is told apart");
  await page.click("#password", { clickCount: 3 });
  await page.type("#password", "quince and plum");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".first", { timeout: 15000 });
  await page.evaluate(() => { sessionStorage.clear(); localStorage.clear(); });
  await page.goto(origin + "/");
  await page.waitForSelector("#password");
  await axe(page, "door, " + size);
  await fits(page, "door, " + size);
  await picture(page, "door-" + size);
  await page.click(".door summary");
  await page.type("#token", "0".repeat(64));
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector(".door .notice:not([hidden])"), { timeout: 10000 });
  check((await text(page, ".door .notice")).includes("did not take"), "a wrong token is told apart");
  await picture(page, "door-wrong-" + size);
  await page.type("#token", origin + "/#token=" + main.token);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".first", { timeout: 15000 });
  check(!page.url().includes(main.token), "the token is not in the address");
  await page.close();
}

/** The first visit of an agent without a folder: its one is added there. */
async function firstVisit(one, folder, size, scheme, files) {
  const before = origin;
  origin = one.origin;
  const page = await open(size, scheme);
  await page.goto(origin + "/#token=" + one.token);
  await page.waitForSelector(".first", { timeout: 15000 });
  await axe(page, "first visit, " + size);
  await fits(page, "first visit, " + size);
  await picture(page, "first-" + size + "-" + scheme);
  await page.type("input[name=path]", folder);
  await press(page, "Add");
  await page.waitForFunction(() => !document.querySelector(".first"), { timeout: 30000 });
  check(true, "a folder is added on the page, " + size);
  await see(page, "library", "library-reading-" + size);
  await fits(page, "library while files are read, " + size);
  await page.close();
  await until("all files are read", async () => {
    const status = await one.call("GET", "/v1/status");
    return status.files.ready >= files && !status.files.waiting && !status.files.chunked && !status.scanning;
  }, 240);
  origin = before;
}

/** What the library does beside adding: the languages and the model of a collection, a collection's ring, a folder that is removed. */
async function library(main, size) {
  const page = await open(size);
  await page.goto(origin + "/?view=library#token=" + main.token);
  await page.waitForSelector(".collection", { timeout: 15000 });
  // They are counted at rest, and half a minute after the last count at the soonest.
  await page.waitForFunction(() => /Languages: .*English/.test(document.querySelector(".collection").innerText), { timeout: 90000 });
  await page.evaluate(() => [...document.querySelectorAll(".collection summary")].find((one) => one.textContent.startsWith("Model: ")).click());
  await page.waitForFunction(() => /one model|Embedded with/.test(document.querySelector(".collection").innerText), { timeout: 10000 });
  check((await text(page, ".collection")).includes("as every collection that was given none"), "the library says which model a collection has, " + size);
  await axe(page, "model of a collection, " + size);
  await fits(page, "model of a collection, " + size);
  await picture(page, "library-model-" + size);
  await page.close();
}

/** A token for a program is made, used and revoked. */
async function tokens(main, size) {
  const page = await open(size);
  await page.goto(origin + "/?view=devices#token=" + main.token);
  await page.waitForSelector("#access", { timeout: 15000 });
  await press(page, "Tokens");
  await page.waitForSelector("#access form", { timeout: 10000 });
  await page.type("#access input", "program-" + size);
  await press(page, "Make a token");
  await page.waitForSelector("#access .notice code", { timeout: 10000 });
  const token = (await text(page, "#access .notice code")).trim();
  const status = async () => (await fetch(origin + "/v1/status", { headers: { Authorization: "Bearer " + token } })).status;
  check(await status() === 200, "a token that the page made lets in, " + size);
  await axe(page, "tokens, " + size);
  await fits(page, "tokens, " + size);
  await press(page, "I have it");
  check(!(await page.content()).includes(token), "a token is shown once, " + size);
  await press(page, "Revoke");
  await press(page, "Revoke it");
  // 401, or 429 where the door's wrong tries of the last minute have used up what an address may try.
  await until("the token is void", async () => [401, 429].includes(await status()));
  check(true, "a token is revoked on the page, " + size);
  await page.close();
}

/** Browsers that signed in are listed; one is signed out, all others are, and this one signs itself out. */
async function browsers(main, size) {
  const enter = async () => {
    const response = await fetch(origin + "/v1/session", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ password: "quince and plum" }) });
    return (await response.json()).token;
  };
  const status = async (token) => (await fetch(origin + "/v1/status", { headers: { Authorization: "Bearer " + token } })).status;
  const others = [await enter(), await enter(), await enter()];
  const page = await open(size);
  page.expected.push("401");
  await page.goto(origin + "/");
  await page.waitForSelector("#password");
  await page.type("#password", "quince and plum");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => !document.querySelector(".door"), { timeout: 15000 });
  await page.goto(origin + "/?view=devices");
  await page.waitForSelector("#browsers", { timeout: 15000 });
  await press(page, "Signed in");
  await page.waitForSelector("#browsers .rows .tag", { timeout: 10000 });
  const first = await text(page, "#browsers .rows li");
  check(first.includes("this one") && first.includes("Chrome on "), "the page says which browser this one is, " + size);
  await axe(page, "browsers, " + size);
  await fits(page, "browsers, " + size);
  await picture(page, "browsers-" + size);
  // Behind this one stand those that were seen last. Who tries void tokens again and again is answered with 429.
  const rows = (await page.$$("#browsers .rows li")).length;
  await page.$eval("#browsers .rows li:nth-child(2) button", (button) => button.click());
  await press(page, "Sign it out");
  await until("one browser is signed out", async () => (await Promise.all(others.map(status))).some((code) => code !== 200));
  // The list is made anew then; what is pressed before that is gone with it.
  await page.waitForFunction((rows) => document.querySelectorAll("#browsers .rows li").length < rows, { timeout: 10000 }, rows);
  await press(page, "Sign all others out");
  await press(page, "Sign them out");
  await until("all others are signed out", async () => (await Promise.all(others.map(status))).every((code) => code !== 200));
  await page.waitForFunction(() => document.querySelectorAll("#browsers .rows li").length === 1, { timeout: 10000 });
  await page.$eval("#browsers .rows li:first-child button", (button) => button.click());
  await press(page, "Sign it out");
  await page.waitForSelector("#password", { timeout: 10000 });
  check(!(await text(page, ".door")).includes("did not take"), "a browser signs itself out, and the page is locked, " + size);
  await page.close();
}

async function ask(page, question) {
  await page.waitForSelector("#q");
  await page.$eval("#q", (field) => { field.value = ""; });
  await page.type("#q", question);
  const began = Date.now();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#answers .hit, #answers .verdict, #answers .failed"), { timeout: 20000 });
  return Date.now() - began;
}

async function searching(main, size) {
  const page = await open(size);
  await page.goto(origin + "/#token=" + main.token, { waitUntil: "networkidle2" }).catch(() => {});
  const took = await ask(page, "How do I get air out of the radiators?");
  figures.push(["an answer, " + size + ", from Enter to its first card", took + " ms"]);
  check((await text(page, ".hit h2")).includes("Heating"), "the title is the document's heading");
  check((await text(page, ".hit .where")).includes("house › heating.md"), "the place is the folders from the watched one on");
  check((await text(page, ".coverage")).includes(" files"), "one line says what was searched");
  check((await page.$$(".hit mark")).length > 0 && (await page.$$(".hit .best")).length > 0, "words and the best sentence are marked");
  check(!(await text(page, "#answers")).includes("Serves four"), "a passage that says nothing alone is not shown");
  await axe(page, "answers, " + size);
  await fits(page, "answers, " + size);
  await picture(page, "search-" + size + "-light");
  const address = page.url();
  check(address.includes("?q=How+do+I"), "the question is in the address");
  await ask(page, "boiler serviced cost");
  check((await page.$$(".hit table")).length > 0, "a table is a table");
  await picture(page, "search-table-" + size);
  await page.goBack();
  await page.waitForFunction(() => document.querySelector("#q").value.includes("radiators") && document.querySelector(".hit"));
  check(page.url() === address, "Back brings the question and its answers again");
  await page.reload({ waitUntil: "networkidle2" }).catch(() => {});
  await page.waitForSelector(".hit");
  check((await page.$eval("#q", (field) => field.value)).includes("radiators"), "a reload brings them again too");
  if (size === "phone") await byHand(page, address);
  else await byKeys(page, address);
  await feedback(page, main, size);
  await ask(page, "where is the boiler type:epub");
  check((await text(page, "#answers")).includes("No file of the type \"epub\" is on kitchen."), "a type of which no file is there is told, " + size);
  await failing(page, size);
  if (size === "desk") {
    await hostile(page);
    await folders(page);
  }
  await page.close();
}

/** A document is opened and closed by touching, and a folder is typed as a filter. */
async function byHand(page, address) {
  await press(page, "Show in document");
  await page.waitForSelector("dialog[open] section", { timeout: 10000 });
  await fits(page, "reader, phone");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("dialog"));
  check(page.url() === address, "a document that is closed leaves the answers, phone");
  await page.waitForSelector(".filters select[name=folder]");
  await page.$eval(".filters select[name=folder]", (select) => {
    select.value = "\u0001";
    select.dispatchEvent(new Event("change", { bubbles: true }));
  });
  await page.type(".filters input[name=folder]", "/nowhere/at/all");
  const sent = page.waitForRequest((request) => request.url().endsWith("/v1/search"), { timeout: 10000 });
  await page.keyboard.press("Enter");
  check(JSON.parse((await sent).postData()).path === "/nowhere/at/al[l]", "a folder is typed as a filter, phone");
  await page.goBack();
  await page.waitForSelector(".hit", { timeout: 10000 });
}

async function byKeys(page, address) {
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  check(await page.evaluate(() => document.activeElement === document.querySelector(".hit")), "j and k go through the answers");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[open] section", { timeout: 10000 });
  await page.waitForFunction(() => document.querySelectorAll("dialog section").length > 1, { timeout: 10000 }).catch(() => {});
  check((await page.$$("dialog .found")).length === 1 && (await page.$$("dialog section")).length > 1, "Enter shows the passage in its document");
  await axe(page, "reader, desk");
  await picture(page, "reader-desk");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("dialog"));
  check(page.url() === address, "Escape closes the document, and the answers stand there still");
  await page.keyboard.press("/");
  check(await page.evaluate(() => document.activeElement.id === "q"), "/ goes to the question");
}

async function feedback(page, main, size) {
  // Another question at each size: the same again takes the judgement back.
  const question = size === "phone" ? "When is the boiler serviced?" : "How do I get air out of the radiators?";
  await ask(page, question);
  await page.waitForSelector(".hit .thumb");
  await page.click(".hit .thumb");
  await page.waitForFunction(() => document.querySelector(".thumb[aria-pressed=true]"), { timeout: 10000 }).catch(() => {});
  const kept = (await main.call("GET", "/v1/feedback")).judgements || [];
  check(kept.some((one) => one.verdict === "good" && one.question === question), "a thumb is kept on the device, " + size);
  await ask(page, "boiler serviced cost");
  await page.goBack();
  const again = page.waitForFunction((asked) => document.querySelector("#q").value === asked && document.querySelector(".thumb[aria-pressed=true]"), { timeout: 10000 }, question);
  check(await again.then(() => true, () => false), "Back shows with an answer what was said of it, " + size);
}

async function failing(page, size) {
  page.expected.push("ERR_FAILED", "net::");
  await page.setRequestInterception(true);
  const refuse = (request) => request.url().endsWith("/v1/search") ? request.abort() : request.continue();
  page.on("request", refuse);
  await ask(page, "a question that fails");
  check((await page.$$("#answers .hit")).length === 0 && (await page.$$("#answers .failed")).length === 1, "a failed question shows no old answers, " + size);
  await picture(page, "search-failed-" + size);
  page.off("request", refuse);
  await page.setRequestInterception(false);
}

/** What the page asks for of a folder: it, and no other whose name begins alike. */
async function folders(page) {
  const asked = [
    ["/data/notes", "/data/note[s]"],
    ["/data/Caf\u00e9", "/data/Ca[f]\u00e9"],
    ["/data/Cafe\u0301", "/data/Ca[f]e\u0301"],
    ["/data/\u0434\u043e\u043c", "/dat[a]/\u0434\u043e\u043c"],
    ["/data/\u5bb6", "/dat[a]/\u5bb6"],
    ["/\u0434\u043e\u043c", "/\u0434\u043e\u043c/"],
    ["/data/a [1]", "/data/a ?[1]?"],
  ];
  for (const [folder, path] of asked) {
    const sent = page.waitForRequest((request) => request.url().endsWith("/v1/search"), { timeout: 10000 });
    await page.goto(origin + "/?q=lamp&folder=" + encodeURIComponent(folder)).catch(() => {});
    check(JSON.parse((await sent).postData()).path === path, "a folder is asked for alone: " + folder);
  }
}

async function hostile(page) {
  for (const question of ["umbrella stand flea market", "umbrella ribs riveted brass pin", "umbrella prices shop station"]) {
    await ask(page, question);
    await press(page, "Show in document");
    await page.waitForSelector("dialog[open] section");
    await sleep(300);
    const bad = await page.evaluate(() => document.title.includes("owned") || document.querySelectorAll("main script, main iframe, main style, main img:not(.qr), main [onclick], main [onerror], main a[href^='javascript'], dialog script, dialog iframe, dialog img, dialog style, dialog [onload]").length);
    check(!bad, "a hostile document stays text: " + question);
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => !document.querySelector("dialog"));
  }
}

async function pairing(main, second, size, question) {
  const page = await open(size);
  await page.goto(origin + "/?view=devices#token=" + main.token);
  await page.waitForSelector(".device", { timeout: 15000 });
  await axe(page, "devices before, " + size);
  await picture(page, "devices-before-" + size);
  await press(page, "Show a code");
  await page.waitForSelector("img.qr", { timeout: 15000 });
  const code = (await text(page, "p.code")).replace(/\s/g, "");
  check(/^\d{8}$/.test(code), "the page shows a code and its QR code");
  await axe(page, "pairing, " + size);
  await fits(page, "pairing, " + size);
  await picture(page, "pairing-" + size);
  const joined = await second.call("POST", "/v1/join", { code, at: ["127.0.0.1:" + (main.port + 100)] });
  check(Boolean(joined.words), "a second device joins by the code" + (joined.error ? ": " + joined.error : ""));
  await page.waitForFunction(() => document.querySelector(".notice.good .words"), { timeout: 20000 });
  check((await text(page, ".notice.good .words")).trim() === joined.words, "both show the same three words");
  await picture(page, "paired-" + size);
  await press(page, "Yes, the same");
  await until("both are linked", async () => (await main.call("GET", "/v1/status")).peers.some((peer) => peer.device === second.name && peer.linked && peer.collections.length));
  await see(page, "devices", "devices-" + size);
  check((await text(page, ".devices")).includes(second.name), "the device is listed");
  await axe(page, "devices, " + size);
  await askTogether(page, second, question);
  await page.close();
}

async function askTogether(page, second, question) {
  await page.goto(origin + "/?q=" + encodeURIComponent(question));
  await page.waitForSelector(".hit", { timeout: 15000 });
  check((await text(page, ".hit .tag")).includes(second.name), "an answer names the other device, " + second.name);
  check(/[23] devices/.test(await text(page, ".coverage")), "the line counts the devices");
  if (second.name !== "attic") return;
  check(/[0-9]+ not readable/.test(await text(page, ".coverage a")), "the line counts what no device can read");
  check((await page.$eval(".coverage", (line) => line.textContent)).includes("attic cannot read 1 file."), "it says what another device cannot read");
  await page.goto(origin + "/?view=devices");
  await page.waitForFunction(() => [...document.querySelectorAll(".device")].some((one) => one.innerText.includes("listed at its own page")), { timeout: 20000 });
}

async function removing(main, second, size) {
  const page = await open(size);
  await page.goto(origin + "/?view=devices#token=" + main.token);
  await page.waitForSelector(".device:nth-child(2)", { timeout: 15000 });
  await click(page, "[aria-label='Remove " + second.name + "']");
  await press(page, "Remove it");
  await page.waitForFunction((name) => ![...document.querySelectorAll(".device h2")].some((one) => one.textContent === name), { timeout: 30000 }, second.name).catch(() => {});
  const mesh = await main.call("GET", "/v1/mesh");
  check(!mesh.members.some((member) => member.name === second.name), "a device is removed on the page, " + size);
  await page.close();
}

async function energy(main, size) {
  const page = await open(size);
  await page.goto(origin + "/?view=energy#token=" + main.token);
  await page.waitForSelector(".plot", { timeout: 15000 });
  await press(page, "Pause");
  await page.waitForFunction(() => document.querySelector(".state").textContent.startsWith("Paused"), { timeout: 10000 });
  check((await main.call("GET", "/v1/energy")).paused, "work is paused on the page, " + size);
  await press(page, "Resume");
  await page.waitForFunction(() => !document.querySelector(".state").textContent.startsWith("Paused"), { timeout: 10000 });
  await press(page, "Surplus");
  await until("the hint", async () => (await main.call("GET", "/v1/energy")).energy === "surplus");
  check(true, "a hint is given on the page, " + size);
  await press(page, "Work now for 10 minutes");
  await until("the burst", async () => (await main.call("GET", "/v1/energy")).burst_s > 0);
  check(true, "work now is asked for on the page, " + size);
  await page.focus(".plotbox");
  await page.keyboard.press("ArrowLeft");
  check((await text(page, ".readout")).includes("Temperature"), "the plot is read by arrow keys");
  await press(page, "Add quiet hours");
  await page.waitForSelector(".days input", { visible: true });
  await axe(page, "energy, " + size);
  await fits(page, "energy, " + size);
  await press(page, "Set these quiet hours");
  const hours = await until("quiet hours", async () => { const { quiet } = await main.call("GET", "/v1/energy"); return quiet.length && quiet; });
  check(hours[0].from === "22:00" && hours[0].days === "daily", "quiet hours are set on the page, " + size);
  await page.waitForSelector("[aria-label^='Remove quiet hours']", { timeout: 10000 });
  await picture(page, "energy-" + size + "-light");
  await click(page, "[aria-label^='Remove quiet hours']");
  await until("no quiet hours", async () => !(await main.call("GET", "/v1/energy")).quiet.length);
  check(true, "quiet hours are removed on the page, " + size);
  await page.close();
}

async function everyView(main) {
  for (const size of ["phone", "desk"]) {
    for (const scheme of ["light", "dark"]) {
      const page = await open(size, scheme);
      await page.goto(origin + "/#token=" + main.token);
      await page.waitForSelector("#q");
      for (const view of ["library", "devices", "energy"]) {
        await see(page, view, view + "-" + size + "-" + scheme);
        await fits(page, view + ", " + size + " " + scheme);
        await axe(page, view + ", " + size + " " + scheme);
        if (size === "phone" && scheme === "light") await page.screenshot({ path: join(pictures, view + "-phone-whole.png"), fullPage: true });
      }
      for (const [name, query] of [["idle", ""], ["answers", "What does the household insurance say about water damage?"], ["list", "how to mend a leak under the sink"], ["weak", "submarine cable landing rights"], ["code", "which devices are in the network"]]) {
        await see(page, "", "search-" + name + "-" + size + "-" + scheme, { query });
        await fits(page, name + ", " + size + " " + scheme);
        await axe(page, name + ", " + size + " " + scheme);
      }
      await page.close();
    }
  }
  const page = await open("phone");
  await page.goto(origin + "/?q=" + encodeURIComponent("when is the boiler serviced") + "#token=" + main.token);
  await page.waitForSelector(".hit");
  await press(page, "Show in document");
  await page.waitForSelector("dialog[open] section");
  await picture(page, "reader-phone");
  await axe(page, "reader, phone");
  await page.close();
}

/** First paint and first answer on a slow processor, without a cache. */
async function slow(main) {
  for (const times of [1, 4, 6]) {
    const page = await open("phone");
    const session = await page.createCDPSession();
    await page.goto(origin + "/#token=" + main.token);
    await page.waitForSelector("#q");
    await session.send("Emulation.setCPUThrottlingRate", { rate: times });
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    const paints = [], uses = [], answers = [];
    for (let i = 0; i < 5; i += 1) {
      const began = Date.now();
      await page.goto(origin + "/?q=" + encodeURIComponent("when is the boiler serviced"));
      await page.waitForSelector(".hit");
      answers.push(Date.now() - began);
      paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN));
      uses.push(await page.evaluate(() => performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd));
    }
    const middle = (list) => Math.round(list.sort((a, b) => a - b)[2]);
    figures.push(["processor slowed " + times + "x: first paint, page ready, first answer", [middle(paints), middle(uses), middle(answers)].join(" / ") + " ms"]);
    await page.close();
  }
}

async function size() {
  const html = await (await fetch(origin + "/")).text();
  const files = ["", ...new Set([...html.matchAll(/"(\/page\/[^"]+)"/g)].map((found) => found[1]))];
  let bytes = 0;
  for (const file of files) {
    const answer = await fetch(origin + (file || "/"));
    bytes += (await answer.arrayBuffer()).byteLength;
  }
  figures.push(["the bundle: " + files.length + " files", bytes + " bytes"]);
}

async function readme(main) {
  mkdirSync("docs/page", { recursive: true });
  let bytes = 0;
  const shoot = async (page, name) => {
    await sleep(500);
    await page.screenshot({ path: "docs/page/" + name + ".webp", type: "webp", quality: 62, captureBeyondViewport: false });
    bytes += statSync("docs/page/" + name + ".webp").size;
  };
  const desk = await open("desk");
  await desk.setViewport({ width: 1000, height: 760 });
  await desk.goto(origin + "/?q=" + encodeURIComponent("How do I get air out of the radiators?") + "#token=" + main.token);
  await desk.waitForSelector(".hit");
  await shoot(desk, "search");
  await desk.close();
  const phone = await open("phone", "dark");
  await phone.goto(origin + "/?q=" + encodeURIComponent("how to mend a leak under the sink") + "#token=" + main.token);
  await phone.waitForSelector(".hit");
  await shoot(phone, "phone");
  await phone.goto(origin + "/?view=devices");
  await phone.waitForSelector(".device:nth-child(2)");
  await shoot(phone, "devices");
  await phone.close();
  figures.push(["pictures of the README", bytes + " bytes"]);
  check(bytes <= 200000, "the README's pictures have at most 200 kB");
}

async function main() {
  const folder = join(work, "Documents"), others = join(work, "shed"), attic = join(work, "attic");
  writeDocuments(folder, others);
  mkdirSync(attic, { recursive: true });
  writeFileSync(join(attic, "cradle.md"), "# The cradle\n\nGrandfather's cradle stands behind the skis, and its mattress is in the blue trunk.\n");
  writeFileSync(join(attic, "torn map.pdf"), "%PDF-1.7\nnothing of it can be read\n");
  const first = await agent("kitchen", 17780), second = await agent("workshop", 17790), third = await agent("attic", 17800);
  origin = first.origin;
  browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-background-networking", "--no-first-run"] });
  for (const size of ["phone", "desk"]) await door(first, size);
  await firstVisit(first, folder, "desk", "light", 16);
  await firstVisit(third, attic, "phone", "dark", 1);
  await second.call("POST", "/v1/add", { path: others });
  for (const size of ["desk", "phone"]) {
    await searching(first, size);
    await library(first, size);
    await tokens(first, size);
    await browsers(first, size);
  }
  await pairing(first, second, "desk", "which blade for plywood");
  await pairing(first, third, "phone", "where is the cradle");
  for (const size of ["desk", "phone"]) await energy(first, size);
  await everyView(first);
  await slow(first);
  await size();
  if (forReadme) await readme(first);
  await removing(first, third, "phone");
  await removing(first, second, "desk");
}

try {
  await main();
} catch (error) {
  faults.push(error.stack || String(error));
  // What was seen where it stopped.
  for (const [at, page] of (browser ? await browser.pages() : []).entries()) await picture(page, "failed-" + at).catch(() => {});
} finally {
  if (browser) await browser.close();
  end();
}
console.log("\nFigures:");
for (const [what, figure] of figures) console.log("  " + what + ": " + figure);
writeFileSync(join(pictures, "figures.json"), JSON.stringify(figures, null, 2));
if (faults.length) {
  console.log("\n" + faults.length + " faults:");
  for (const fault of faults) console.log("  " + fault);
}
console.log(faults.length ? "\nThe page has faults." : "\nThe page is as it should be. Pictures: " + pictures);
process.exit(faults.length ? 1 : 0);
