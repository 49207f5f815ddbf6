// How a person is let in: the first visit's password, a wrong one, a token, and the address that others reach, plain and encrypted.

import { PASSWORD, call, command, lets, signIn, start, stop, until } from "./agents.mjs";
import { click, forget, go, gone, has, inspect, keeps, open, origins, press, says, text, there, type, visit, wait } from "./browser.mjs";
import { check } from "./report.mjs";

const told = (page) => there(page, ".door .notice:not([hidden])");
const inside = (page) => gone(page, ".door").then(() => there(page, "#nav a"));

/** The door of an agent whose page nobody has opened yet, or that has its password. */
export async function setUp(one, size) {
  const { first_visit } = await (await fetch(one.origin + "/v1/door")).json();
  const page = await open(size);
  page.expected.push("401");
  await go(page, one.origin + "/");
  await there(page, ".door input");
  check(!(await text(page, ".door")).includes("did not take"), "the locked page asks for what lets in and blames nobody");
  if (first_visit) await choosePassword(page, one);
  await byPassword(page, one, size);
  await byToken(page, one, size);
}

async function choosePassword(page, one) {
  check((await text(page, ".door")).includes("no password yet"), "the first visitor of a new agent may choose the password");
  await inspect(page, "the door of a first visit", "door-first-" + page.size);
  await type(page, "#password", PASSWORD);
  await type(page, "#again", "plum and quince");
  await page.keyboard.press("Enter");
  await told(page);
  check((await text(page, ".door .notice")).includes("differ"), "two passwords that differ are told");
  await type(page, "#again", PASSWORD);
  await page.keyboard.press("Enter");
  await inside(page);
  check(await keeps(page) > 0, "who chose the password is let in");
  await forget(page);
  await go(page, one.origin + "/");
}

async function byPassword(page, one, size) {
  await type(page, "#password", "plum and quince");
  await page.keyboard.press("Enter");
  await told(page);
  check((await text(page, ".door .notice")).includes("not the password"), "a wrong password is told apart");
  await type(page, "#password", PASSWORD);
  await page.keyboard.press("Enter");
  await inside(page);
  await forget(page);
  await go(page, one.origin + "/");
  await there(page, "#password");
  await inspect(page, "the door", "door-" + size);
}

async function byToken(page, one, size) {
  await click(page, ".door summary");
  await type(page, "#token", "0".repeat(64));
  await page.keyboard.press("Enter");
  // The door is made anew, with what was wrong.
  await says(page, ".door .notice:not([hidden])", "did not take");
  check(true, "a wrong token is told apart");
  await inspect(page, "the door behind a wrong token", "door-wrong-" + size);
  await type(page, "#token", one.origin + "/#token=" + one.token);
  await page.keyboard.press("Enter");
  await inside(page);
  check(!page.url().includes(one.token), "the token is not in the address");
}

// --- browsers and tokens

/** A token for a program is made, used and revoked. */
export async function tokens(one, size) {
  const page = await open(size);
  await visit(page, one, "devices", { token: one.token });
  await press(page, "Tokens");
  await type(page, "#access form input", "program-" + size);
  // Pressed twice in haste.
  await page.$eval("#access form", (form) => { form.requestSubmit(); form.requestSubmit(); });
  await there(page, "#access .notice code");
  const token = (await text(page, "#access .notice code")).trim();
  check(await lets(one, token) === 200, "a token that the page made lets in");
  await inspect(page, "tokens", "tokens-" + size);
  await press(page, "I have it");
  check(!(await page.content()).includes(token), "a token is shown once");
  await click(page, "#access [aria-label='Revoke program-" + size + "']");
  await press(page, "Revoke it", "#access");
  await until("the token is revoked", async () => !(await call(one, "GET", "/v1/tokens")).tokens.some((of) => of.name === "program-" + size));
  check(await lets(one, token) !== 200, "a token that was revoked on the page lets nobody in");
  await wait(page, "the token is off the list", (name) => !document.querySelector("#access .rows").innerText.includes(name), "program-" + size);
}

const REFUSED = ["Remove", "Rename", "Add", "Pause", "Resume", "Work now", "Work now for 10 minutes", "Surplus", "Add quiet hours", "Keep them", "Show a code", "Make a token"];

/** A role that may only read sees nothing that the agent would refuse it, and is told why where it calls all the same. */
export async function guest(one, size) {
  const name = "guest-" + size, { token } = await call(one, "POST", "/v1/tokens", { name, role: "read" });
  const page = await open(size);
  // What only an admin may look at.
  page.expected.push("403");
  for (const view of ["idle", "answers", "library", "devices", "energy"]) {
    await visit(page, one, view, { query: view === "answers" ? "when is the boiler serviced" : "", token });
    const seen = await page.evaluate((refused) => [...document.querySelectorAll("button, summary, .thumb, select")].filter((one) => one.getClientRects().length && !one.disabled
      && (refused.includes(one.textContent.trim()) || one.matches(".thumb, .ring select"))).map((one) => one.textContent.trim() || one.className), REFUSED);
    check(!seen.length, "a guest sees nothing that is refused: " + view + (seen.length ? " (" + seen.join(", ") + ")" : ""));
    await inspect(page, view + " of a guest", view + "-guest-" + size);
  }
  const { error } = await call(one, "POST", "/v1/energy/pause", {}, token);
  check(/Ask who gave it to you/.test(error), "what is refused says whom to ask (" + error + ")");
  await visit(page, one, "library", { token: one.token });
  await there(page, "#add form");
  check(true, "who may do everything sees all of it again");
  await call(one, "POST", "/v1/tokens/revoke", { name });
}

const rows = (page, part) => page.$$eval(part + " .rows li", (all) => all.map((one) => one.innerText));

/** Browsers that signed in stand apart from tokens; one is signed out, all others are, and this one signs itself out. */
export async function browsers(one, size) {
  await call(one, "POST", "/v1/sessions/end", { others: true });
  await call(one, "POST", "/v1/tokens", { name: "shelf-" + size, role: "read" });
  const others = [await signIn(one), await signIn(one), await signIn(one)];
  const signedIn = async () => (await call(one, "GET", "/v1/sessions")).sessions.length;
  const page = await open(size);
  page.expected.push("401");
  await go(page, one.origin + "/");
  await type(page, "#password", PASSWORD);
  await page.keyboard.press("Enter");
  await inside(page);
  await visit(page, one, "devices");
  await press(page, "Signed in");
  await there(page, "#browsers .rows .tag");
  const listed = await rows(page, "#browsers");
  check(listed.length === 4 && listed.filter((row) => row.includes("this one")).length === 1, "the page lists the browsers that signed in, and which is this one (" + listed.length + ")");
  check(/Chrom\w* on /.test(listed.find((row) => row.includes("this one")) || ""), "a browser has the name that people know it by");
  await press(page, "Tokens");
  await says(page, "#access .rows li", "shelf-" + size);
  const { tokens: all } = await call(one, "GET", "/v1/tokens");
  check(!listed.some((row) => row.includes("shelf-")) && (await rows(page, "#access")).length === all.filter((of) => of.kind !== "session").length,
    "browsers are not among the tokens, nor tokens among the browsers");
  await inspect(page, "browsers and tokens", "browsers-" + size);
  await click(page, "#browsers .rows li:nth-child(2) button");
  await press(page, "Sign it out", "#browsers");
  await until("one browser is signed out", async () => await signedIn() === 3);
  // The list is made anew then; what is pressed before that is gone with it.
  await wait(page, "a list without it", () => document.querySelectorAll("#browsers .rows li").length === 3);
  await press(page, "Sign all others out");
  await press(page, "Sign them out");
  await until("all others are signed out", async () => await signedIn() === 1);
  check((await Promise.all(others.map((token) => lets(one, token)))).every((status) => status !== 200), "browsers that were signed out on the page are let in no more");
  await wait(page, "a list of this one", () => document.querySelectorAll("#browsers .rows li").length === 1);
  await click(page, "#browsers .rows li:first-child button");
  await press(page, "Sign it out", "#browsers");
  await there(page, "#password");
  check(!(await text(page, ".door")).includes("did not take") && await keeps(page) === 0 && await signedIn() === 0, "a browser signs itself out, and the page is locked and blames nobody");
  await call(one, "POST", "/v1/tokens/revoke", { name: "shelf-" + size });
}

/** Who may not see the list, and who has a token and no session, leaves by "Sign this browser out". */
export async function leaving(one, size) {
  const session = await signIn(one, "read");
  for (const [token, whose] of [[session, "a browser that may only ask"], [one.token, "a browser with the agent's token"]]) {
    const page = await open(size);
    page.expected.push("401", "403", "409");
    await visit(page, one, "devices", { token });
    check(await has(page, ".devices .device"), whose + " sees the devices");
    await press(page, "Signed in");
    await there(page, "#browsers button");
    await press(page, "Sign this browser out");
    if (token === session) await inspect(page, "signing this browser out", "leaving-" + size);
    await press(page, "Sign it out", "#browsers");
    await there(page, "#password");
    check(!(await text(page, ".door")).includes("did not take") && await keeps(page) === 0, whose + " signs itself out, and the page is locked and blames nobody");
    await page.reload({ waitUntil: "domcontentloaded" });
    await there(page, "#password");
    await page.close();
  }
  check(await lets(one, session) !== 200, "what it was let in by is void");
  check(await lets(one, one.token) === 200, "the agent's own token is not");
}

/** An old address costs a browser nothing of what it is remembered by. */
export async function oldAddress(one, size) {
  const token = await signIn(one), page = await open(size);
  // The steps before may have used up the guesses of this minute: then the refusal says so.
  page.expected.push("401", "429");
  await visit(page, one, "idle", { token });
  await page.evaluate((token) => { sessionStorage.clear(); localStorage.setItem("token", token); }, token);
  await go(page, one.origin + "/?view=library#token=" + "0".repeat(64));
  await says(page, ".door .notice:not([hidden])", "did not take");
  await page.reload({ waitUntil: "domcontentloaded" });
  await inside(page);
  check(true, "a browser that is remembered is let in again behind an old address");
  await call(one, "POST", "/v1/sessions/end", { others: true });
}

/** A document that is open goes with the session that it was opened by. */
export async function signedOutElsewhere(one, size) {
  const token = await signIn(one), page = await open(size);
  // As above, the guesses of this minute may be used up.
  page.expected.push("401", "429");
  await visit(page, one, "answers", { query: "When is the boiler serviced?", token });
  await press(page, "Show in document");
  await there(page, "dialog[open] section");
  await call(one, "POST", "/v1/sessions/end", { others: true });
  await there(page, "#password");
  await gone(page, "dialog");
  await wait(page, "the title of the door", () => document.title === "Wattle is locked");
  check(true, "a browser that is signed out elsewhere shows the document no more that it had open");
}

// --- in the network

/** The page at the address for others, without TLS, and at the device itself. */
export async function plain(one, address, size) {
  const origin = "http://" + address;
  origins.add(origin);
  const page = await open(size);
  await visit(page, one, "devices", { token: one.token });
  await says(page, "#encryption", "nobody can read along");
  const way = await text(page, "#encryption");
  check(/wattle tls on/.test(way), "at the device itself the page says that nobody reads along, and what encrypts it for others");
  check(way.includes("http://" + address) && way.includes("which is not encrypted"), "and by what address phones open it, and that this is not encrypted");
  // A page that did not come from this address itself may not call it, as browsers see it.
  page.asIs = true;
  await go(page, origin + "/?view=devices#token=" + one.token);
  await there(page, ".devices .device dl");
  await says(page, "#encryption", "Everybody in this network can read");
  check(true, "in the network the page says who can read along");
  check(!(await has(page, "#pair button")) && !(await has(page, "#access summary")), "there it lets no device in and makes no token");
  await inspect(page, "in the network, plain", "network-plain-" + size);
}

/** TLS is switched on, as its owner does it. */
export async function encrypt(one) {
  await stop(one);
  command(one, "tls", "on");
  await start(one);
}

/** The page at the same address, with TLS. */
export async function encrypted(one, address, size) {
  const origin = "https://" + address;
  origins.add("http://" + address).add(origin);
  const page = await open(size);
  page.asIs = true;
  await go(page, "http://" + address + "/");
  check(page.url().startsWith(origin + "/"), "a visit without TLS is sent on to https");
  await go(page, origin + "/?view=devices#token=" + one.token);
  await there(page, ".devices .device dl");
  await says(page, "#encryption", "is encrypted on its way");
  const root = await page.$eval("#encryption a", async (link) => (await (await fetch(link.href)).text()));
  check(root.startsWith("-----BEGIN CERTIFICATE-----"), "with TLS the page says so, and has the root certificate to install");
  await inspect(page, "in the network, with TLS", "network-tls-" + size);
  const own = await open(size);
  await visit(own, one, "devices", { token: one.token });
  await says(own, "#encryption", "https://" + address + ", which is encrypted");
  check(true, "the page at the device itself says that TLS is on, and the address for phones");
}
