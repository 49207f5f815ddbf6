// The agent's state as it changes: by server-sent events (the EventSource interface sends no token, so the stream is read here),
// and by asking now and then where there is no stream: an older agent, or one that has as many as it allows.

import { CallError, ask, look, tell } from "./call.js";
import { hasToken } from "./token.js";

const FIRST_WAIT_MS = 1000, LONGEST_WAIT_MS = 30000;
// A stream says at least this often that it lives.
const SILENT_MS = 45000;
let running = null, streams = false;

// Who listens to which event of the stream, beside the status.
const ears = { device: new Set(), energy: new Set() };

/** Calls `then` with what comes of a kind. Gives the way to end that. */
export function hear(kind, then) {
  ears[kind].add(then);
  return () => ears[kind].delete(then);
}

/** Whether changes come by themselves just now; else a view asks now and then. */
export const isLive = () => streams;

export function follow() {
  if (running) running.abort();
  running = null;
  if (!hasToken() || document.hidden) return;
  running = new AbortController();
  keepFollowing(running.signal);
}

const pause = (ms, signal) => new Promise((done) => {
  const timer = setTimeout(done, ms);
  signal.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
});

async function keepFollowing(signal) {
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted && hasToken()) {
    const began = performance.now();
    try {
      await read(signal);
    } catch (error) {
      if (signal.aborted) return;
      const noStream = error instanceof CallError && [404, 405, 503].includes(error.status);
      if (noStream) await look();
      else if (error instanceof CallError) tell(null, error);
    }
    // One that held for a while is opened again at once.
    wait = performance.now() - began > LONGEST_WAIT_MS ? FIRST_WAIT_MS : Math.min(wait * 2, LONGEST_WAIT_MS);
    await pause(wait * (0.75 + Math.random() / 2), signal);
  }
}

async function read(signal) {
  const ends = new AbortController(), end = () => ends.abort();
  signal.addEventListener("abort", end);
  let timer = setTimeout(end, SILENT_MS);
  const response = await ask("/v1/events/stream", { signal: ends.signal });
  const reader = response.body.getReader();
  const text = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      streams = true;
      clearTimeout(timer);
      timer = setTimeout(end, SILENT_MS);
      const parts = (rest + text.decode(value, { stream: true })).split("\n\n");
      rest = parts.pop();
      for (const part of parts) handle(part);
    }
  } finally {
    // A stream that began anew meanwhile says so with its next word.
    streams = false;
    clearTimeout(timer);
    reader.cancel().catch(() => {});
  }
}

/** One event: lines of `event: NAME` and `data: JSON`; comments keep the stream alive. */
function handle(part) {
  let name = "", data = "";
  for (const line of part.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7);
    if (line.startsWith("data: ")) data += line.slice(6);
  }
  if (name === "status") tell(JSON.parse(data));
  if (ears[name]) for (const then of [...ears[name]]) then(JSON.parse(data));
}
