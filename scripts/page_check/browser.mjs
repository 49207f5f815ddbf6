// The browser of scripts/page-check: pages of two sizes that report what must not be, and what a person does with them.
//
// All that is waited for is a condition, with the same generous end for each; no step relies on a machine being fast.

import { mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { WAIT_S, sleep } from "./agents.mjs";
import { begin, check, fault, finish, tally } from "./report.mjs";

const require = createRequire(join(process.env.PAGE_CHECK_CACHE, "index.js"));
const puppeteer = require("puppeteer-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const VIEWPORTS = { desk: { width: 1180, height: 860 }, phone: { width: 360, height: 740, isMobile: true, hasTouch: true, deviceScaleFactor: 2 } };
const MEDIA_TYPES = { html: "text/html", css: "text/css", js: "text/javascript", svg: "image/svg+xml", png: "image/png", webmanifest: "application/manifest+json" };
// One step may take this long; what hangs longer is a fault, and the next one begins.
const STEP_S = WAIT_S * 12;

export const pictures = "target/page-check";
mkdirSync(pictures, { recursive: true });
// What an earlier run saw is not mixed with this one's.
for (const name of readdirSync(pictures)) if (name.endsWith(".png")) rmSync(join(pictures, name));
/** Where pages may send requests to. */
export const origins = new Set();
const settings = { files: null };
let browser = null;
const pages = new Set();

/** Has the bundle taken from a folder in place of the program's, so that a change is looked at without a build. */
export function takeFilesFrom(folder) { settings.files = folder; }

async function launched() {
  if (browser && browser.connected) return browser;
  browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM, acceptInsecureCerts: true, protocolTimeout: WAIT_S * 4000,
    args: ["--no-sandbox", "--disable-background-networking", "--no-first-run", "--disable-dev-shm-usage"] });
  return browser;
}

export async function closeBrowser() {
  if (browser) await browser.close().catch(() => {});
}

/** Carries out one step at one size. What goes wrong in it is kept with a picture of each page that it has open, and the run goes on. Whether it went well. */
export async function step(name, size, act) {
  begin(name, size);
  let timer = 0;
  const late = new Promise((_, no) => { timer = setTimeout(() => no(new Error("The step took more than " + STEP_S + " s.")), STEP_S * 1000); });
  const acts = act(size);
  acts.catch(() => {});
  try {
    await Promise.race([acts, late]);
  } catch (error) {
    fault((error.stack || String(error)).split("\n").filter((line) => !line.includes("node_modules") && !line.includes("node:internal")).slice(0, 6).join("\n           "));
  }
  clearTimeout(timer);
  const faults = finish();
  let at = 0;
  for (const page of pages) {
    if (faults) await shot(page, "wrong-" + name.replace(/\W+/g, "-") + "-" + size + "-" + (at += 1)).catch(() => {});
    await Promise.race([page.close().catch(() => {}), sleep(10000)]);
  }
  pages.clear();
  return !faults;
}

// --- pages

/** A page of this size and scheme that reports what must not be. What the console may say all the same goes into its `expected`. */
export async function open(size, scheme = "light") {
  const page = await (await launched()).newPage();
  pages.add(page);
  page.setDefaultTimeout(WAIT_S * 1000);
  await page.setViewport(VIEWPORTS[size]);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: "reduce" }]);
  Object.assign(page, { size, expected: [], rules: [], intercepts: false });
  page.on("console", (message) => {
    const text = message.text(), from = message.location().url || "";
    // Pages are opened faster here than by people, and the agent notices only after some seconds that one has gone: a stream too many is
    // refused then, and the page asks now and then instead.
    if (text.includes("503") && from.endsWith("/v1/events/stream")) return;
    if (message.type() !== "error" || page.expected.some((part) => text.includes(part))) return;
    tally[size].console += 1;
    fault("The console says: " + text + " " + from);
  });
  page.on("pageerror", (error) => { tally[size].console += 1; fault("A script failed: " + error.message); });
  page.on("dialog", async (dialog) => { fault("A document opened a dialogue: " + dialog.message()); await dialog.dismiss().catch(() => {}); });
  page.on("request", (request) => {
    const url = request.url();
    tally[size].requests += 1;
    if (![...origins].some((origin) => url.startsWith(origin + "/") || url.startsWith("blob:" + origin)) && !url.startsWith("data:image/svg+xml")) {
      tally[size].outside += 1;
      fault("A request to somebody else: " + url);
    }
    if (page.intercepts) answer(page, request).catch(() => {});
  });
  if (settings.files) await intercept(page);
  await page.bringToFront();
  return page;
}

async function intercept(page) {
  if (page.intercepts) return;
  page.intercepts = true;
  await page.setRequestInterception(true);
}

async function answer(page, request) {
  const rule = page.rules.find((one) => one.is(request));
  if (rule) return rule.then(request);
  const { pathname } = new URL(request.url());
  const file = !settings.files ? null : pathname === "/" ? "index.html" : pathname.startsWith("/page/") ? pathname.slice(6) : null;
  // Where the agent's own answer to the first call matters: one that sends on, or the address that it comes from.
  if (!file || (pathname === "/" && page.asIs)) return request.continue();
  // The policy is the one that the program sends.
  const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return request.respond({ status: 200, contentType: MEDIA_TYPES[file.split(".").pop()], headers: { "Content-Security-Policy": policy, "Cache-Control": "no-cache" }, body: readFileSync(join(settings.files, file)) });
}

const isSearch = (request) => request.url().endsWith("/v1/search");

/** Has searches fail from now on; gives the way to end that. */
export const refuseSearches = (page) => answerCalls(page, isSearch, () => null);

/** Answers searches with this in place of the agent; gives the way to end that. */
export const answerSearches = (page, found) => answerCalls(page, isSearch, () => found);

/** Answers these requests with what `found` makes of them, or fails where that is nothing; gives the way to end that. */
export async function answerCalls(page, is, found) {
  const rule = { is, then: (request) => {
    const body = found(request);
    return body ? request.respond({ status: 200, contentType: "application/json", body: JSON.stringify(body) }) : request.abort();
  } };
  page.rules.push(rule);
  await intercept(page);
  return () => { page.rules = page.rules.filter((one) => one !== rule); };
}

/** Holds the searches for this question back; gives the way to let them go, which counts how many there were. */
export async function holdSearches(page, question) {
  const held = [];
  const rule = { is: (request) => isSearch(request) && JSON.parse(request.postData() || "{}").query === question, then: (request) => { held.push(request); } };
  page.rules.push(rule);
  await intercept(page);
  return { held, release: async () => {
    page.rules = page.rules.filter((one) => one !== rule);
    // The page may have given it up: then it is gone already.
    for (const request of held) await request.continue().catch(() => {});
    return held.length;
  } };
}

// --- what is looked at

async function shot(page, name, whole = false) {
  // What was changed last is painted; a page in the background never says so.
  await page.evaluate(() => new Promise((done) => { setTimeout(done, 1000); requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))); }));
  await page.screenshot({ path: join(pictures, name + ".png"), fullPage: whole, captureBeyondViewport: whole });
  tally[page.size].pictures += 1;
}
export const picture = shot;

export async function axe(page, name) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => (await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })).violations
    .map((one) => one.id + ": " + one.nodes.slice(0, 3).map((node) => node.target.join(" ") + (node.any[0] ? " (" + node.any[0].message + ")" : "")).join(" | ")));
  tally[page.size].looks += 1;
  tally[page.size].findings += found.length;
  check(!found.length, "axe finds nothing: " + name + (found.length ? "\n           " + found.join("\n           ") : ""));
}

/** The whole page must fit its width, or something is cut off or scrolls aside; and axe has nothing to say. A picture of it where one is named. */
export async function inspect(page, name, named = null) {
  await keepsItsWidth(page, name);
  if (page.size === "phone") await isLargeEnough(page, name);
  if (named) await shot(page, named);
  await axe(page, name);
}

/**
 * Nothing widens the page: what is wide scrolls in its own box. A browser on a phone makes the page itself wider than its screen, so it is compared with
 * that; and each tab of the bar is what a finger hits.
 */
export async function keepsItsWidth(page, name) {
  const { width } = page.viewport();
  const found = await page.evaluate(() => ({
    wide: Math.max(document.scrollingElement.scrollWidth, innerWidth),
    hidden: document.querySelector("dialog[open]") ? [] : [...document.querySelectorAll("#nav:not([hidden]) a")].filter((tab) => {
      const { left, top, width, height } = tab.getBoundingClientRect();
      return !tab.contains(document.elementFromPoint(left + width / 2, top + height / 2));
    }).map((tab) => tab.textContent),
  }));
  tally[page.size].wide += found.wide > width ? 1 : 0;
  check(found.wide <= width, "nothing is wider than the page: " + name + (found.wide > width ? " (" + found.wide + " of " + width + " px)" : ""));
  check(!found.hidden.length, "each tab of the bar can be hit: " + name + found.hidden.map((tab) => " " + tab));
}

/** A finger needs 44 px: what is pressed, opened or chosen has them, beside links within a text. */
async function isLargeEnough(page, name) {
  const small = await page.evaluate(() => [...document.querySelectorAll("button, summary, select, input:not([type=checkbox]), label.check, .coverage a, #nav a, .flag")]
    .filter((one) => { const box = one.getBoundingClientRect(); return box.width && box.height && box.height < 43.5 && !one.closest(".out"); })
    .map((one) => (one.textContent.slice(0, 24) || one.name || one.className) + " " + Math.round(one.getBoundingClientRect().height)));
  check(!small.length, "what a finger presses is 44 px high: " + name + (small.length ? " (" + small.slice(0, 6).join(", ") + ")" : ""));
}

export const text = (page, selector) => page.$eval(selector, (node) => node.innerText).catch(() => "");
export const has = async (page, selector) => Boolean(await page.$(selector));

// --- what is waited for and done

/** Waits until this is so on the page; `what` is for who reads that it never was. */
export async function wait(page, what, is, ...args) {
  try {
    return await page.waitForFunction(is, { polling: 100 }, ...args);
  } catch (error) {
    throw new Error("Never so: " + what + " (" + error.message.split("\n")[0] + ")", { cause: error });
  }
}

/** Waits until something of this selector is seen. */
export const there = (page, selector) => wait(page, selector, (selector) => [...document.querySelectorAll(selector)].some((one) => one.getClientRects().length), selector);
export const gone = (page, selector) => wait(page, "no " + selector, (selector) => !document.querySelector(selector), selector);
export const says = (page, selector, words) => wait(page, selector + " says " + words, (selector, words) => [...document.querySelectorAll(selector)].some((one) => one.innerText.includes(words)), selector, words);

/** Presses the button or opens the fold of this label, once it is there and can be pressed. */
export const press = (page, label, within = "body") => wait(page, "a button " + label, (label, within) => {
  const button = [...document.querySelectorAll(within + " button, " + within + " summary")].find((one) => one.textContent.trim() === label && one.getClientRects().length && !one.disabled);
  if (button) button.click();
  return Boolean(button);
}, label, within);

/** Presses what this selector finds. What is made anew meanwhile is looked for again. */
export const click = (page, selector) => wait(page, "something to press: " + selector, (selector) => {
  const one = document.querySelector(selector);
  if (!one || !one.getClientRects().length || one.disabled) return false;
  one.scrollIntoView({ block: "center" });
  one.click();
  return true;
}, selector);

/** Types into a field in place of what is in it. */
export async function type(page, selector, words) {
  await there(page, selector);
  await page.$eval(selector, (field) => { field.scrollIntoView({ block: "center" }); field.focus(); field.select(); });
  await page.keyboard.type(words);
}

/** Goes to an address, which need not have loaded all when that ends: each step waits for what it needs. */
export const go = (page, address) => page.goto(address, { waitUntil: "domcontentloaded" });

/** Goes back as a person does, within the page. */
export const back = (page) => page.evaluate(() => history.back());

/** Takes from the browser what it keeps of its agent. */
export const forget = (page) => page.evaluate(() => { sessionStorage.clear(); localStorage.clear(); });
// Whether single letters are commands is a choice, and stays.
export const keeps = (page) => page.evaluate(() => [sessionStorage, localStorage].flatMap(Object.keys).filter((name) => name !== "keys").length);

const SHOWS = { library: ".library .collection", devices: ".devices .device dl", energy: ".energy .plot", idle: ".searched, .first", answers: "#answers:not([aria-busy]) .hit, #answers:not([aria-busy]) .verdict" };

/** Waits until a view has what it shows. */
export const shown = (page, view) => there(page, SHOWS[view]);

/** Opens a view with a token. */
export async function visit(page, one, view, { query = "", token = "" } = {}) {
  await go(page, one.origin + "/" + (query ? "?q=" + encodeURIComponent(query) : view === "idle" ? "" : "?view=" + view) + (token ? "#token=" + token : ""));
  await shown(page, view);
}

/** Types a question and sends it off. */
export async function send(page, question) {
  await type(page, "#q", question);
  await page.keyboard.press("Enter");
}

/** The same, and waits for its answers, or for why there are none. */
export async function ask(page, question) {
  await send(page, question);
  await wait(page, "an answer to " + question, (question) => document.querySelector("#q").value === question
    && document.querySelector("#answers:not([aria-busy])") && document.querySelector("#answers .hit, #answers .verdict, #answers .failed"), question);
}
