// How it looks: each view in light and dark; how fast it is on a slow processor; how many bytes; the README's pictures.

import { mkdirSync, statSync } from "node:fs";
import { inspect, open, picture, shown, there, visit, go, ask } from "./browser.mjs";
import { bundle, check, figure } from "./report.mjs";

const QUESTIONS = { answers: "What does the household insurance say about water damage?", list: "how to mend a leak under the sink", weak: "submarine cable landing rights", code: "which devices are in the network" };

export async function everyView(one, size) {
  for (const scheme of ["light", "dark"]) {
    const page = await open(size, scheme);
    for (const view of ["idle", "library", "devices", "energy"]) {
      await visit(page, one, view, { token: one.token });
      await inspect(page, view + ", " + scheme, view + "-" + size + "-" + scheme);
      if (size === "phone" && scheme === "light") await picture(page, view + "-phone-whole", true);
    }
    for (const [name, query] of Object.entries(QUESTIONS)) {
      await visit(page, one, "answers", { query });
      await inspect(page, name + ", " + scheme, "search-" + name + "-" + size + "-" + scheme);
    }
    await page.close();
  }
}

/** Told by the page itself: when Enter was pressed last, and when the first card of an answer was there behind it, or behind the address. */
function clock() {
  window.began = 0;
  addEventListener("keydown", (event) => { if (event.key === "Enter") { window.began = performance.now(); window.answered = 0; } }, true);
  new MutationObserver(() => {
    if (!window.answered && document.querySelector("#answers .hit")) window.answered = performance.now() - window.began;
  }).observe(document, { childList: true, subtree: true });
}

const middle = (list) => Math.round(list.sort((a, b) => a - b)[Math.floor(list.length / 2)]);
const ROUNDS = 5;

/** First paint and answers on a slow processor, without a cache. The agent has the whole of it. */
export async function slow(one, size) {
  for (const times of [1, 4, 6]) {
    const page = await open(size);
    await visit(page, one, "idle", { token: one.token });
    await page.evaluateOnNewDocument(clock);
    const session = await page.createCDPSession();
    await session.send("Emulation.setCPUThrottlingRate", { rate: times });
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    const paints = [], uses = [], firsts = [], answers = [];
    for (let i = 0; i < ROUNDS; i += 1) {
      await go(page, one.origin + "/?q=" + encodeURIComponent("when is the boiler serviced"));
      await there(page, "#answers .hit");
      firsts.push(await page.evaluate(() => window.answered));
      paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN));
      uses.push(await page.evaluate(() => performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd));
      await ask(page, "How do I get air out of the radiators?");
      answers.push(await page.evaluate(() => window.answered));
    }
    const told = [paints, uses, firsts, answers].map(middle);
    check(told.every((ms) => ms > 0), "first paint and answers at a processor slowed " + times + " times");
    figure("processor slowed " + times + " times: first paint, page ready, first answer, next answer", told.join(", ") + " ms", size);
    await page.close();
  }
}

/** The bytes of the bundle as the agent sends them. */
export async function size(one) {
  const html = await (await fetch(one.origin + "/")).text();
  const manifest = await (await fetch(one.origin + "/page/manifest.webmanifest")).text();
  const files = new Set(["/", ...[...(html + manifest).matchAll(/"(\/page\/[^"]+)"/g)].map((found) => found[1])]);
  let bytes = 0;
  for (const file of files) bytes += (await (await fetch(one.origin + file)).arrayBuffer()).byteLength;
  bundle(files.size, bytes);
}

/** The pictures of the README, into docs/page. */
export async function readme(one, size) {
  mkdirSync("docs/page", { recursive: true });
  let bytes = 0;
  const shoot = async (page, name) => {
    const path = "docs/page/" + name + ".webp";
    await picture(page, "readme-" + name);
    await page.screenshot({ path, type: "webp", quality: 62, captureBeyondViewport: false });
    bytes += statSync(path).size;
  };
  if (size === "desk") {
    const desk = await open("desk");
    await desk.setViewport({ width: 1000, height: 760 });
    await visit(desk, one, "answers", { query: "How do I get air out of the radiators?", token: one.token });
    await shoot(desk, "search");
  } else {
    const phone = await open("phone", "dark");
    await visit(phone, one, "answers", { query: "how to mend a leak under the sink", token: one.token });
    await shoot(phone, "phone");
    await visit(phone, one, "devices");
    await there(phone, ".device:nth-child(2)");
    await shown(phone, "devices");
    await shoot(phone, "devices");
  }
  figure("pictures of the README", bytes + " bytes", size);
  check(bytes <= 100000, "the README's pictures have at most 100 kB a size");
}
