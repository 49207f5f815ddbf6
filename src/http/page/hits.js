// Answers: passages grouped by document, the strong ones first, weak ones folded.

import { action, copy, count, draw, elide, failed, flash, h2, li, make, number, plain, say, split } from "./dom.js";
import { agent, ask, post, typed } from "./call.js";
import { best, blocks, finder } from "./passage.js";
import { openReader } from "./reader.js";

// docs/evidence.md, "What a score means": of first answers with 0.7 and more 85 of 100 were right, from 0.2 to 0.7 44, and below 7.
// What is shown at once is the same at a terminal (cli/display/folds.rs).
const STRONG = 0.7, POSSIBLE = 0.2, NEAR_MAX = 5, NEAREST = 3;
// "Serves four." says nothing alone.
const WORDS_MIN = 6;
const SHOWN_OF_ONE = 2;

const words = (text) => (text.match(/[\p{L}\p{N}]+/gu) || []).length;
const says = (hit) => hit.score >= STRONG || words(hit.text) >= WORDS_MIN || /[\u3040-\u9fff\uac00-\ud7af\u0e00-\u0eff]/.test(hit.text);

/** Hits by their documents, in the order of the best hit of each. */
export function grouped(hits) {
  const groups = new Map();
  for (const hit of hits) {
    const key = hit.peer_id + " " + hit.path;
    if (!groups.has(key)) groups.set(key, { hits: [], path: hit.path, device: hit.device, peer_id: hit.peer_id, score: hit.score });
    groups.get(key).hits.push(hit);
  }
  const all = [...groups.values()];
  for (const group of all) {
    const telling = group.hits.filter(says);
    group.bare = !telling.length;
    if (telling.length) group.hits = telling;
  }
  return all;
}

/**
 * The list of answers: what is possible and, where nothing is strong, what is nearly as good as the best; of what does not fit the nearest. The rest
 * is folded.
 */
export function answers(found, question) {
  const groups = grouped(found.hits), best = Math.max(...groups.map((group) => group.score));
  const shows = (group, at) => found.nothing_fits ? at < NEAREST
    : group.score >= POSSIBLE && (!group.bare || group.score >= STRONG) || best < STRONG && at < NEAR_MAX && group.score * 2 >= best;
  const good = groups.filter(shows), rest = groups.filter((group) => !good.includes(group));
  const list = (of) => make("ol", { class: "documents" }, ...of.map((group) => li(card(group, question))));
  const out = [];
  if (good.length) out.push(list(good));
  if (rest.length) {
    out.push(make("details", { class: "weak", open: !good.length }, make("summary", {}, count(rest.length, "weaker document", "weaker documents")), list(rest)));
  }
  return out;
}

/** The path from the watched folder on: its name, the folders in it. */
export function where(path, isHere) {
  const { folder } = split(path), whole = plain(path);
  const sources = (isHere && agent.status && agent.status.sources) || [];
  const source = sources.map((one) => one.path).filter((one) => whole === one || whole.startsWith(one + "/")).sort((a, b) => b.length - a.length)[0];
  const from = source ? split(source).folder.length : 0;
  return folder.slice(from).split("/").filter(Boolean);
}

/** The name that people know a document by: its outermost heading, else its file's name. */
function title(group) {
  const headings = group.hits.map((hit) => hit.heading.split(" > ")[0]).filter(Boolean);
  return headings.length && headings.every((one) => one === headings[0]) ? headings[0] : split(group.path).file.replace(/\.[a-z0-9]{1,5}$/i, "");
}

function card(group, question) {
  const isHere = !agent.status || group.peer_id === agent.status.peer_id;
  const { file } = split(group.path), name = title(group);
  const parts = where(group.path, isHere);
  const crumbs = make("p", { class: "where", title: plain(group.path) },
    isHere ? null : make("span", { class: "tag" }, elide(group.device, 24)),
    make("span", {}, elide([...parts, file].join(" › "), matchMedia("(max-width: 40rem)").matches ? 60 : 90)));
  const strength = group.score >= STRONG ? "strong" : group.score >= POSSIBLE ? "possible" : "weak";
  const heading = h2(make("button", { type: "button", class: "title", onclick: () => read(group.hits[0]) }, elide(name, 84)));
  const article = make("article", { class: "card hit", tabindex: -1, "aria-label": name },
    make("div", { class: "top" }, heading, make("span", { class: "strength " + strength, title: "How likely it answers the question" }, strength)),
    crumbs, ...notes(group.hits[0]));
  const read = (hit) => openReader({ hit, group, find: finder(wordsOf(group.hits)), isHere });
  article.read = () => read(group.hits[0]);
  const more = group.hits.slice(SHOWN_OF_ONE);
  article.append(...group.hits.slice(0, SHOWN_OF_ONE).map((hit) => passage(hit, name, read)));
  if (more.length) {
    article.append(action(count(more.length, "more passage", "more passages") + " in it", (button) => button.replaceWith(...more.map((hit) => passage(hit, name, read)))));
  }
  article.append(tools(group, question, read, isHere));
  return article;
}

const wordsOf = (hits) => hits.flatMap((hit) => hit.snippet.filter((_, i) => i % 2));

function notes(hit) {
  const also = (hit.places || []).slice(1);
  return [
    also.length && "Also " + also.slice(0, 2).map((place) => elide(split(place.path).file, 40) + " on " + place.device).join(", ") + (also.length > 2 ? " and in " + number(also.length - 2) + " more" : ""),
    hit.away_since && "The file is away since " + hit.away_since + ".",
    hit.kept_since && "The file is gone since " + hit.kept_since + "; what was in it is kept, as you said.",
    hit.unreadable && "The file cannot be read now; this is what was read of it before. “" + typed("wattle doctor") + "” says why.",
    hit.gone_since && "The file is gone from its folder since " + hit.gone_since + ". The library asks what is to become of it.",
  ].filter(Boolean).map((text) => make("p", { class: "note" }, text));
}

function passage(hit, name, read) {
  const find = finder(hit.snippet.filter((_, i) => i % 2));
  const inner = hit.heading.split(" > ");
  const under = (inner[0] === name ? inner.slice(1) : inner).filter(Boolean).join(" › ");
  const text = make("div", { class: "text clamp" }, ...blocks(hit.text, { find, best: best(hit.text, find) }));
  const box = make("div", { class: "passage" }, under ? make("p", { class: "under" }, elide(under, 100)) : null, text);
  // What is cut is known once it is on the page.
  requestAnimationFrame(() => {
    const shown = text.querySelector(".best, mark");
    if (shown && shown.offsetTop > text.clientHeight - 24) text.scrollTop = shown.offsetTop - 28;
    if (text.scrollHeight <= text.clientHeight + 8) return text.classList.remove("clamp");
    if (text.scrollTop > 4) text.classList.add("above");
    const more = make("button", { type: "button", class: "plain", "aria-expanded": "false" }, "Whole passage");
    more.addEventListener("click", () => {
      const whole = !text.classList.toggle("clamp");
      text.classList.remove("above");
      text.scrollTop = 0;
      more.textContent = whole ? "Less" : "Whole passage";
      more.setAttribute("aria-expanded", String(whole));
    });
    box.append(more);
  });
  return box;
}

function tools(group, question, read, isHere) {
  const hit = group.hits[0];
  const buttons = [
    make("button", { type: "button", class: "plain", onclick: () => read(hit) }, "Show in document"),
    isHere && action("Open", (button) => openFile(group.path, button)),
    action("Copy path", async (button) => { await copy(group.path); flash(button, "Copied"); }),
  ];
  const thumb = (verdict, path, label) => {
    const button = make("button", { type: "button", class: "thumb", "aria-pressed": String(said.get(about(question, hit)) === verdict), "aria-label": label, title: label }, icon(path));
    button.addEventListener("click", async () => {
      const pressed = button.getAttribute("aria-pressed") === "true";
      if (box.nextElementSibling) box.nextElementSibling.remove();
      try {
        await judge(question, hit, pressed ? "none" : verdict);
        said.set(about(question, hit), pressed ? "none" : verdict);
        if (said.size > SAID_MAX) said.delete(said.keys().next().value);
        for (const other of box.querySelectorAll(".thumb")) other.setAttribute("aria-pressed", "false");
        button.setAttribute("aria-pressed", String(!pressed));
        flash(box.firstChild, pressed ? "Taken back" : "Kept on this device");
      } catch (error) {
        box.after(failed(error));
      }
    });
    return button;
  };
  const box = make("div", { class: "thumbs writes", role: "group", "aria-label": "Was this right?" }, make("span", { "aria-hidden": "true" }, "Was this right?"),
    thumb("good", "M8 10.5V20H4.5v-9.5zm0 0L11.5 4c1.7 0 2.5 1.2 2.2 2.7L13 10h5.5c1.1 0 1.8 1 1.5 2l-1.7 6.3c-.2 1-1 1.7-2 1.7H8", "This answers the question"),
    thumb("bad", "M16 13.5V4h3.5v9.5zm0 0L12.5 20c-1.7 0-2.5-1.2-2.2-2.7L11 14H5.5c-1.1 0-1.8-1-1.5-2l1.7-6.3c.2-1 1-1.7 2-1.7H16", "This does not answer the question"));
  return make("div", { class: "tools" }, ...buttons, box);
}

const icon = (path) => draw("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, draw("path", { d: path }));

// What was said of answers in this visit, so that Back shows it with them.
const said = new Map();
const SAID_MAX = 200;
const about = (question, hit) => JSON.stringify([question, hit.peer_id, hit.path, hit.text]);

const judge = (question, hit, verdict) => post("/v1/feedback", { question, device: hit.peer_id, path: hit.path, text: hit.text, verdict });

// A file of these kinds is shown by the browser. Any other one is saved: opened as a page, it would run here with the token.
const SHOWN = { __proto__: null, pdf: "application/pdf", png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", txt: "text/plain;charset=utf-8", md: "text/plain;charset=utf-8", csv: "text/plain;charset=utf-8" };

// Later than that after a press a phone's browser opens nothing by itself.
const MOMENT_MS = 700;

/** Opens the document's file in this browser, or shows a link to it. */
export async function openFile(path, button) {
  const began = performance.now();
  const { file } = split(path), ending = (/\.([a-z0-9]+)$/i.exec(file) || ["", ""])[1].toLowerCase();
  const response = await ask("/v1/document/file?path=" + encodeURIComponent(path));
  const type = SHOWN[ending] || "application/octet-stream";
  const address = URL.createObjectURL(new Blob([await response.arrayBuffer()], { type }));
  const link = make("a", { href: address, rel: "noopener", ...(SHOWN[ending] ? { target: "_blank" } : { download: file }) }, "Here it is: " + elide(file, 30));
  link.addEventListener("click", () => setTimeout(() => { URL.revokeObjectURL(address); link.remove(); }, 60000));
  if (performance.now() - began < MOMENT_MS) return link.click();
  const old = button.nextElementSibling;
  if (old && old.matches("a")) old.remove();
  button.after(link);
  say(link.textContent);
}
