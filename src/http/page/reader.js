// A document's text in a dialogue, with the passage in it. Of another device's document only its passages are here.

import { get } from "./call.js";
import { action, div, failed, h2, make, plain, soft, split } from "./dom.js";
import { best, blocks, isRows } from "./passage.js";
import { openFile } from "./hits.js";

// Passages of a part.
const PART = 64;

export function openReader({ hit, group, find, isHere }) {
  const text = make("div", { class: "text whole", tabindex: 0, role: "document" });
  const name = hit.heading.split(" > ")[0] || split(hit.path).file;
  const tools = make("div", { class: "tools" });
  const dialog = make("dialog", { class: "reader", "aria-label": name },
    make("header", {}, div(h2(name), make("p", { class: "where" }, (isHere ? "" : group.device + " · ") + plain(hit.path))),
      make("button", { type: "button", class: "plain close", "aria-label": "Close", onclick: () => dialog.close() }, "Close")),
    text, tools);
  document.body.append(dialog);
  const opener = document.activeElement;
  let isBack = false;
  const back = () => { isBack = true; dialog.close(); };
  dialog.addEventListener("close", () => {
    removeEventListener("popstate", back);
    dialog.remove();
    // What opened it stands in the history.
    if (!isBack) history.back();
    if (opener && opener.isConnected) opener.focus({ preventScroll: true });
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  history.pushState({ reader: true }, "", location.href);
  addEventListener("popstate", back);
  dialog.showModal();
  if (isHere) load(hit, find, text, tools);
  else {
    text.append(soft("The document is on " + group.device + ". These are the passages of it that were found."),
      ...group.hits.map((one) => part(one.heading, one.text, find, one === hit)));
    show(text);
  }
}

function part(heading, body, find, isHit) {
  const inner = heading.split(" > ").filter(Boolean);
  return make("section", isHit ? { class: "found" } : {},
    inner.length ? make("h3", {}, inner[inner.length - 1]) : null,
    ...blocks(body, isHit ? { find, best: best(body, find) } : { find: null, best: null }));
}

const show = (text) => {
  const found = text.querySelector(".found");
  if (found) found.scrollIntoView({ block: "center" });
  text.focus({ preventScroll: true });
};

/** The part of the document around the passage, and buttons for what comes before and after. */
async function load(hit, find, text, tools) {
  text.append(make("p", { class: "soft", role: "status" }, "Reading …"));
  const read = (what) => get("/v1/document?path=" + encodeURIComponent(hit.path) + "&" + what);
  try {
    const page = await read("passage=" + hit.passage);
    const place = page.passages.findIndex((one) => one.text === hit.text), parts = sections(page, find, place);
    if (place < 0) parts.unshift(make("p", { class: "notice" }, "The document has changed since this passage was found. It stood there then:"), part(hit.heading, hit.text, find, true));
    text.replaceChildren(...parts);
    // What comes before the shown text ends at `end`.
    const more = (label, from, end) => from === null || from === end || text[end ? "prepend" : "append"](action(label, async (button) => {
      const page = await read("from=" + from);
      if (end) page.passages.splice(end - from);
      button.replaceWith(...sections(page, find, -1));
      more(label, end ? Math.max(0, from - PART) : page.next, end && from);
    }));
    more("Earlier text", Math.max(0, page.from - PART), page.from);
    more("Further text", page.next, 0);
  } catch (error) {
    const old = error.status === 404;
    text.replaceChildren(old ? soft("The whole text cannot be shown. This is the passage:") : failed(error), part(hit.heading, hit.text, find, true));
  }
  tools.append(action("Open the file", (button) => openFile(hit.path, button)));
  show(text);
}

/** Passages in order; a heading is said where it changes. Rows of a table stand in one again, but for the one that was found. */
function sections(page, find, place) {
  const all = page.passages, parts = [];
  let last = null;
  for (let i = 0; i < all.length; i += 1) {
    const heading = all[i].heading === last ? "" : all[i].heading;
    last = all[i].heading;
    let text = all[i].text;
    if (i !== place && isRows(text)) {
      while (i + 1 < all.length && i + 1 !== place && all[i + 1].heading === last && isRows(all[i + 1].text)) text += "\n" + all[++i].text;
    }
    parts.push(part(heading, text, find, i === place));
  }
  return parts;
}
