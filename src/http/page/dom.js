// Small helpers: elements made of text nodes only, figures and times as people read them.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. Attributes that begin with "on" are listeners; true and false set and leave out an attribute. Children are
 * elements or texts, which are never read as markup; null ones are left out.
 */
export function make(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function draw(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A heading, what is typed, plain elements, a row of buttons, a remark, the choices of a list (pairs of value and name), and a part of a view. */
export const h2 = (...children) => make("h2", {}, ...children);
export const mono = (...children) => make("code", {}, ...children);
export const [p, div, li, summary] = ["p", "div", "li", "summary"].map((name) => (...children) => make(name, {}, ...children));
export const tools = (...children) => make("div", { class: "tools" }, ...children);
export const soft = (...children) => make("p", { class: "soft" }, ...children);
export const section = (label, id, ...children) => make("section", { class: "card", id, "aria-label": label }, ...children);
export const options = (pairs) => pairs.map(([value, label]) => make("option", { value }, label));

const marks = (node) => node.nodeName + [...node.attributes || []].filter(({ name }) => name !== "open").map(({ name, value }) => name + "=" + value);

/** Shows these elements: of those that are there stays what says the same, open or with the focus, and what is around it. */
export function renew(place, nodes) {
  const there = [...place.childNodes];
  nodes.forEach((node, i) => {
    const old = there[i];
    if (!old) place.append(node);
    else if (old.isEqualNode(node)) return;
    else if (old.firstElementChild && old.className !== "sure" && marks(old) === marks(node)) renew(old, [...node.childNodes]);
    else old.replaceWith(node);
  });
  there.slice(nodes.length).forEach((node) => node.remove());
}

export const at = (id) => document.getElementById(id);

/** Tells who listens, the same words again too. */
export function say(text) {
  at("said").textContent = text + (text === at("said").textContent ? "\u00a0" : "");
}

/** Says something in place of an element's words, for four seconds, and to who listens. */
export function flash(node, text) {
  node.dataset.words = node.dataset.words || node.textContent;
  node.textContent = text;
  node.classList.add("told");
  say(text + ".");
  clearTimeout(node.timer);
  node.timer = setTimeout(() => { node.textContent = node.dataset.words; node.classList.remove("told"); }, 4000);
}

/** A button that carries out one thing at a time; what fails is shown beside it. */
export function action(label, act, attributes) {
  const button = make("button", { type: "button", class: "plain", ...attributes }, label);
  button.addEventListener("click", async () => {
    if (button.disabled) return;
    const focused = document.activeElement === button;
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    const old = button.parentElement && button.parentElement.querySelector(":scope > .failed");
    if (old) old.remove();
    try {
      await act(button);
    } catch (error) {
      button.after(failed(error));
    }
    button.disabled = false;
    button.removeAttribute("aria-busy");
    // Browsers take the focus from what is switched off, and who goes by keyboard would begin at the top.
    if (focused && document.activeElement === document.body) button.focus({ preventScroll: true });
  });
  return button;
}

export function failed(error) {
  return make("p", { class: "failed notice", role: "alert" }, error.message || String(error));
}

/** A button that asks once more before it acts. */
export function sure(label, question, yes, act, attributes) {
  const box = make("span", { class: "sure" });
  const first = action(label, () => toggle(true), attributes);
  const ask = make("span", { class: "ask", hidden: true },
    make("span", { class: "soft" }, question + " "),
    action(yes, act, { class: "plain bad" }),
    action("No", () => toggle(false)));
  function toggle(asks) {
    first.hidden = asks;
    ask.hidden = !asks;
    (asks ? ask.querySelector("button") : first).focus();
  }
  box.append(first, ask);
  return box;
}

const figures = new Intl.NumberFormat("en");
export const number = (n) => figures.format(n);
export const count = (n, one, many) => number(n) + " " + (n === 1 ? one : many);

/** A time span in words, of the two figures that matter at most one. */
export function span(seconds) {
  if (seconds < 60) return count(Math.max(1, Math.round(seconds)), "second", "seconds");
  if (seconds < 5400) return count(Math.round(seconds / 60), "minute", "minutes");
  if (seconds < 129600) return count(Math.round(seconds / 3600), "hour", "hours");
  return count(Math.round(seconds / 86400), "day", "days");
}

export const ago = (seconds) => seconds < 10 ? "just now" : span(seconds) + " ago";

export const moment = (seconds) => new Date(seconds * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

/** A path as people read it: one that is not UTF-8 comes as a URI, which calls take. */
export const plain = (path) => path.startsWith("file:///") ? new TextDecoder().decode(Uint8Array.from(unescape(path.slice(7)), (c) => c.charCodeAt(0))) : path;

export function split(whole) {
  const path = plain(whole);
  const cut = path.lastIndexOf("/");
  return { folder: path.slice(0, Math.max(cut, 0)), file: path.slice(cut + 1) || path };
}

/** A long text without its middle: begin and end say most. */
export function elide(text, most) {
  const letters = [...text];
  if (letters.length <= most) return text;
  const end = Math.ceil((most - 1) * 0.6);
  return letters.slice(0, most - 1 - end).join("") + "…" + letters.slice(-end).join("");
}

/** Copies a text; browsers allow that at secure addresses only, and a text field everywhere. */
export async function copy(text) {
  if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
  const field = make("textarea", { class: "out", readonly: true, "aria-hidden": "true" });
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("This browser does not let the page copy.");
}

/** Whether the page is open on the device itself, or at its address for others. */
export const here = location.hostname === "localhost" || location.hostname.startsWith("127.") || location.hostname === "[::1]";
