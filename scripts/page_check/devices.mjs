// The devices: one joins by the code that the page shows, and is removed; what each spends and may spend.

import { WAIT_S, call, until } from "./agents.mjs";
import { click, inspect, open, picture, press, says, text, there, type, visit, wait } from "./browser.mjs";
import { check } from "./report.mjs";

export async function pairing(one, other, size) {
  const page = await open(size);
  await visit(page, one, "devices", { token: one.token });
  await press(page, "Show a code");
  await there(page, "img.qr");
  const code = (await text(page, "p.code")).replace(/\s/g, "");
  check((await text(page, "#pair")).includes("Any scanner reads"), "the page says who scans the QR code, and what to do with it");
  check(/^\d{8}$/.test(code) && await page.$eval("img.qr", (image) => image.complete && image.naturalWidth > 0), "the page shows a code and its QR code");
  await inspect(page, "a code for pairing", "pairing-" + size);
  const joined = await call(other, "POST", "/v1/join", { code, at: ["127.0.0.1:" + (one.port + 100)] });
  check(Boolean(joined.words), "another device joins by the code" + (joined.error ? ": " + joined.error : ""));
  await there(page, ".notice.good .words");
  check((await text(page, ".notice.good .words")).trim() === joined.words, "both show the same three words");
  await inspect(page, "a device that has joined", "paired-" + size);
  await press(page, "Yes, the same");
  await says(page, "#pair", "is one of your devices now");
  await joins(one, other);
  await says(page, ".device h2", other.name);
  await picture(page, "devices-paired-" + size);
  await says(page, ".presence", "linked");
  check(true, "another device is linked, as the command line calls it");
  check((await text(page, ".devices")).includes("Free for work"), "the devices say how much work each may do");
}

const peer = async (one, other) => (await call(one, "GET", "/v1/status")).peers.find((peer) => peer.device === other.name);

/** They are linked, and each knows what the other has. */
const joins = (one, other) => until(other.name + " is linked and has told what it has", async () => { const known = await peer(one, other); return known && known.linked && known.collections.length; });

/** Whatever did not come of pairing at the page. */
export async function paired(one, other) {
  const { members } = await call(one, "GET", "/v1/mesh");
  if (!members.some((member) => member.device === other.name)) {
    const { window } = await call(one, "POST", "/v1/pair", {});
    const code = window ? window.code : (await call(one, "GET", "/v1/pair")).window.code;
    await call(other, "POST", "/v1/join", { code: code.replace(/\s/g, ""), at: ["127.0.0.1:" + (one.port + 100)] });
  }
  await joins(one, other);
}

export async function removing(one, other, size) {
  const page = await open(size);
  await visit(page, one, "devices", { token: one.token });
  const members = async () => (await call(one, "GET", "/v1/mesh")).members.map((member) => member.device);
  check((await members()).includes(other.name), "the device is a member");
  await click(page, "[aria-label='Remove " + other.name + "']");
  await picture(page, "removing-" + size);
  await press(page, "No", ".devices");
  check((await members()).includes(other.name), "who says no has removed nothing");
  await click(page, "[aria-label='Remove " + other.name + "']");
  await press(page, "Remove it", ".devices");
  await until("it is no member", async () => !(await members()).includes(other.name));
  await wait(page, "the list without it", (name) => ![...document.querySelectorAll(".device h2")].some((one) => one.textContent === name), other.name);
  check(true, "a device is removed on the page");
  await inspect(page, "the devices without it", "devices-removed-" + size);
}

export async function energy(one, size) {
  const page = await open(size), now = () => call(one, "GET", "/v1/energy");
  await visit(page, one, "energy", { token: one.token });
  const plotted = await page.$$eval(".plot .name", (names) => names.map((name) => name.textContent));
  check(["Power", "Temperature", "Time at work", "Passages embedded"].every((name) => plotted.some((one) => one.startsWith(name))), "a day's plot has power, temperature, duty and work");
  check((await text(page, ".energy")).includes("per 1,000 passages"), "the page says what 1,000 passages take");
  await press(page, "Pause", ".energy");
  await says(page, ".energy .state", "Paused");
  check((await now()).paused, "work is paused on the page");
  await says(page, "#strip", "Paused");
  await press(page, "Resume", ".energy");
  await wait(page, "no pause", () => !document.querySelector(".energy .state").textContent.startsWith("Paused"));
  check(!(await now()).paused, "and goes on");
  await press(page, "Surplus");
  await until("the hint", async () => (await now()).energy === "surplus");
  check(true, "a hint is given on the page");
  await press(page, "Normal");
  await until("the other hint", async () => (await now()).energy === "normal");
  await press(page, "Work now for 10 minutes");
  await until("the burst", async () => (await now()).burst_s > 0);
  check(true, "work now is asked for on the page");
  const hour = (act) => page.evaluate((act) => {
    const button = [...document.querySelectorAll(".energy button")].find((one) => one.textContent === "For an hour");
    if (act) button.focus();
    return !button.disabled && document.activeElement === button;
  }, act);
  // That the agent works for a while makes the buttons anew once.
  await says(page, ".energy .state", "Works beside other programs");
  await hour(true);
  await page.keyboard.press("Enter");
  await until("the longer burst", async () => (await now()).burst_s > 700);
  await until("the focus on what was pressed", () => hour(false));
  check(true, "who presses a button by the keyboard is still there once it is done");
  await page.focus(".plotbox");
  await page.keyboard.press("ArrowLeft");
  check((await text(page, ".readout")).includes("Temperature"), "the plot is read by arrow keys");
  await press(page, "As a table");
  await there(page, ".energy figure table");
  const halves = await page.evaluate(() => ["text.axis", ".readout strong, figure tbody th"].map((which) => [...document.querySelectorAll(which)].map((one) => one.textContent)
    .filter((one) => /\d:\d/.test(one)).map((one) => /[AP]M/i.test(one))));
  check(new Set(halves.flat()).size === 1 && halves.every((some) => some.length), "the hours are written alike on the axis and in the table");
  check(!/unknown|Chunks/.test(await page.$$eval(".energy section:nth-of-type(n+4)", (all) => all.map((one) => one.textContent).join(" "))), "what is unknown is a dash, and passages are called so");
  await press(page, "Add quiet hours");
  await there(page, ".days input");
  await inspect(page, "energy", "energy-" + size);
  await press(page, "Set these quiet hours");
  const [hours] = await until("quiet hours", async () => { const { quiet } = await now(); return quiet.length && quiet; });
  check(hours.from === "22:00" && hours.days === "daily", "quiet hours are set on the page");
  await click(page, "[aria-label^='Remove quiet hours']");
  await until("no quiet hours", async () => !(await now()).quiet.length);
  check(true, "quiet hours are removed on the page");
  await call(one, "POST", "/v1/energy/work", { seconds: 6 * 3600 });
}

/** This device's own form to join another one says what is wrong with a code. */
export async function wrongCode(one, size) {
  const page = await open(size);
  page.expected.push("400", "403", "404", "409", "410", "502", "503", "504");
  // An agent looks for a device for a minute.
  page.setDefaultTimeout(WAIT_S * 1000 + 90000);
  await visit(page, one, "devices", { token: one.token });
  await press(page, "This device shall join another one");
  await type(page, "#pair input[inputmode=numeric]", "0000 0000");
  await type(page, "#pair input[placeholder='192.168.1.5']", "127.0.0.1:9");
  await press(page, "Join", "#pair");
  await there(page, "#pair .failed");
  check(true, "a device that cannot be joined is told");
  await inspect(page, "joining another device", "joining-" + size);
}
