// A passage as people read it: tables, lists and code as such, the words of the question marked, its best sentence shown.
//
// A document may say anything: all of it goes into text nodes, and no address in it becomes a link.

import { li, make, mono } from "./dom.js";

const ITEM = /^(\s*)([-*+•–]|\d{1,3}[.)]|[a-z][.)])\s+(?=\S)/;
const FENCE = /^\s*(?:[-*+]\s+)?(`{3,}|~{3,})/;
const RULE = /^\s*\|?\s*:?-{1,}:?\s*(\|\s*:?-{1,}:?\s*)+\|?\s*$/;
const LINES_MAX = 4000, COLUMNS_MAX = 24;

/** Finds whole words, wherever they stand; null where there are none. */
export function finder(words) {
  const sorted = [...new Set(words)].filter(Boolean).sort((a, b) => b.length - a.length).slice(0, 64);
  const parts = sorted.map((word) => {
    const text = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+");
    // Scripts without spaces have no ends of words.
    return /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u9fff\uac00-\ud7af]/.test(word) ? text : "(?<![\\p{L}\\p{N}])" + text + "(?![\\p{L}\\p{N}])";
  });
  try {
    return parts.length ? new RegExp(parts.join("|"), "giu") : null;
  } catch { return null; /* an old browser: nothing is marked */ }
}

function marked(text, find) {
  const out = [];
  let done = 0;
  for (const found of find ? text.matchAll(find) : []) {
    out.push(text.slice(done, found.index), make("mark", {}, found[0]));
    done = found.index + found[0].length;
  }
  out.push(text.slice(done));
  return out;
}

/** The first sentence with the most different words of the question; null where the text is one sentence. */
export function best(text, find) {
  if (!find) return null;
  const words = (part) => new Set([...part.matchAll(find)].map((found) => found[0].toLowerCase())).size;
  // A line that goes on is one with the next.
  const flowing = text.replace(/([^\n])\n(?!\s*(?:\n|[-*+•–]\s|\d{1,3}[.)]\s|[#>|`]))/g, "$1 ");
  const sentences = flowing.replace(/([.!?。！？])\s+/gu, "$1\n").split(/\n+/).filter((part) => part.trim().length > 12);
  if (sentences.length < 2) return null;
  const counted = sentences.map((sentence) => [words(sentence), sentence.trim()]).sort((a, b) => b[0] - a[0]);
  return counted[0][0] > 0 ? counted[0][1] : null;
}

/** Inline text: `code` as such, the best sentence shown, words marked. */
function inline(text, look) {
  const out = [];
  const parts = text.split(/(`[^`\n]+`)/);
  for (const part of parts) {
    if (part.length > 2 && part.startsWith("`") && part.endsWith("`")) out.push(mono(...marked(part.slice(1, -1), look.find)));
    else out.push(...sentence(part, look));
  }
  return out;
}

function sentence(text, { find, best }) {
  const from = best ? text.indexOf(best) : -1;
  if (from < 0) return marked(text, find);
  const to = from + best.length;
  return [...marked(text.slice(0, from), find), make("span", { class: "best" }, ...marked(text.slice(from, to), find)), ...marked(text.slice(to), find)];
}

const cells = (line) => line.trim().replace(/^\|/, "").replace(/\|$/, "").replaceAll("\\|", "\u0001").split("|").slice(0, COLUMNS_MAX).map((cell) => cell.trim().replaceAll("\u0001", "\\|"));

export function blocks(text, look = { find: null, best: null }) {
  const lines = text.replace(/\r\n?/g, "\n").split("\n").slice(0, LINES_MAX);
  const out = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    if (!line.trim()) { at += 1; continue; }
    const reads = [code, table, records, list, heading];
    let next = 0;
    for (const read of reads) {
      next = read(lines, at, out, look);
      if (next) break;
    }
    at = next || paragraph(lines, at, out, look);
  }
  return out;
}

function code(lines, at, out, look) {
  const open = FENCE.exec(lines[at]);
  let end = at + 1;
  const body = [];
  if (open) {
    const mark = open[1];
    while (end < lines.length && !(lines[end].trim().startsWith(mark) && !lines[end].trim().slice(mark.length).trim().replaceAll(mark[0], ""))) body.push(lines[end++]);
    end += 1;
  } else if (/^( {4}|\t)/.test(lines[at]) && !ITEM.test(lines[at])) {
    end = at;
    while (end < lines.length && (/^( {4}|\t)/.test(lines[end]) || !lines[end].trim())) body.push(lines[end++]);
    while (body.length && !body[body.length - 1].trim()) body.pop();
  } else return 0;
  out.push(make("pre", { tabindex: 0, role: "group", "aria-label": "Code" }, mono(...marked(body.join("\n"), look.find))));
  return end;
}

function rows(head, body, look) {
  const row = (name, of) => make("tr", {}, ...of.map((cell) => make(name, name === "th" ? { scope: "col" } : {}, ...inline(cell, look))));
  return make("div", { class: "table", tabindex: 0, role: "group", "aria-label": "Table" },
    make("table", {}, head ? make("thead", {}, row("th", head)) : null, make("tbody", {}, ...body.map((of) => row("td", of)))));
}

function table(lines, at, out, look) {
  if (!lines[at].includes("|") || !RULE.test(lines[at + 1] || "")) return 0;
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|") && lines[end].trim()) end += 1;
  out.push(rows(cells(lines[at]), lines.slice(at + 2, end).map(cells), look));
  return end;
}

/** The names and values of a row in which each value stands behind the name of its column: `Name: Ann; Year: 1971`; null if it is none. */
function fields(line) {
  const parts = (line || "").split("; ");
  const pairs = parts.map((part) => /^([^:]{1,60}): (.*)$/.exec(part.trim()));
  return parts.length > 1 && parts.length <= COLUMNS_MAX && pairs.every(Boolean) ? pairs.map((pair) => [pair[1], pair[2]]) : null;
}

/** Whether a passage is nothing but such rows; the line of the names alone may stand above. */
export function isRows(text) {
  const lines = text.split("\n").filter((line) => line.trim());
  return lines.length > 0 && lines.every((line, i) => fields(line) || (i === 0 && lines.length > 1 && line.includes("; ")));
}

/** Rows of a sheet or a page's table. One alone is a table where the passage is nothing else: prose may have a line like it. */
function records(lines, at, out, look) {
  let end = at;
  const found = [], names = [];
  // The line of the names alone may stand above.
  if (!fields(lines[at]) && lines[at].includes("; ") && fields(lines[at + 1])) {
    const said = lines[at].split("; ").map((name) => name.trim());
    if (fields(lines[at + 1]).every(([name]) => said.includes(name))) end += 1;
  }
  for (let row = fields(lines[end]); row; row = fields(lines[++end])) {
    found.push(row);
    for (const [name] of row) if (!names.includes(name)) names.push(name);
  }
  const isAll = end - at === lines.filter((line) => line.trim()).length;
  if (found.length < (isAll ? 1 : 2) || names.length > COLUMNS_MAX) return 0;
  out.push(rows(names, found.map((row) => names.map((name) => (row.find((pair) => pair[0] === name) || ["", ""])[1])), look));
  return end;
}

function list(lines, at, out, look) {
  const first = ITEM.exec(lines[at]);
  if (!first) return 0;
  const numbered = /\d/.test(first[2]);
  const top = make(numbered ? "ol" : "ul", numbered ? { start: parseInt(first[2], 10) } : {});
  const open = [{ indent: first[1].length, list: top, item: null }];
  let end = at;
  for (; end < lines.length; end += 1) {
    const item = ITEM.exec(lines[end]);
    const inner = open[open.length - 1];
    if (item) {
      let level = inner;
      const indent = item[1].replace(/\t/g, "    ").length;
      while (open.length > 1 && indent < open[open.length - 1].indent) open.pop();
      level = open[open.length - 1];
      if (indent > level.indent + 1 && level.item && open.length < 6) {
        const nested = make(/\d/.test(item[2]) ? "ol" : "ul");
        level.item.append(nested);
        level = { indent, list: nested, item: null };
        open.push(level);
      }
      level.item = li(...inline(lines[end].slice(item[0].length), look));
      level.list.append(level.item);
    } else if (!lines[end].trim()) {
      // An empty line ends the list unless another item follows.
      if (!ITEM.test(lines[end + 1] || "")) break;
    } else if (/^\s+/.test(lines[end]) && inner.item && !FENCE.test(lines[end])) inner.item.append(" ", ...inline(lines[end].trim(), look));
    else break;
  }
  out.push(top);
  return end;
}

function heading(lines, at, out, look) {
  const found = /^(#{1,6})\s+(.+?)\s*#*$/.exec(lines[at]);
  if (!found) return 0;
  out.push(make("p", { class: "subhead" }, ...inline(found[2], look)));
  return at + 1;
}

function paragraph(lines, at, out, look) {
  const quote = /^\s*>/.test(lines[at]);
  const body = [lines[at]];
  let end = at + 1;
  const begins = (line) => ITEM.test(line) || FENCE.test(line) || /^#{1,6}\s/.test(line) || /^\s*>/.test(line) !== quote;
  while (end < lines.length && lines[end].trim() && !begins(lines[end]) && !RULE.test(lines[end + 1] || "")) body.push(lines[end++]);
  const texts = quote ? body.map((line) => line.replace(/^\s*>\s?/, "")) : body;
  // Short lines are meant as lines: an address, a poem, a recipe's yield.
  const short = texts.length > 1 && texts.every((line) => line.trim().length < 60);
  const parts = short ? texts.flatMap((line, i) => [i ? make("br") : null, ...inline(line.trim(), look)]) : inline(texts.map((line) => line.trim()).join(" "), look);
  out.push(make(quote ? "blockquote" : "p", {}, ...parts.filter((part) => part !== null)));
  return end;
}
