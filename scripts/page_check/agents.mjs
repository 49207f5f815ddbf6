// The agents that scripts/page-check starts, each with a home of its own below one folder that goes at the end.

import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";

/** For how long anything may take that is not a matter of reading files, in seconds: a small board, or one that is busy, takes its time. */
export const WAIT_S = Number(process.env.PAGE_CHECK_WAIT_S) || 60;
/** For how long the documents may take to be read and embedded. */
const READING_S = WAIT_S * 10;

export const PASSWORD = "quince and plum";
export const work = mkdtempSync(join(tmpdir(), "page-check-"));
const agents = [];

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** What `is` gives, once that is something; it is asked again and again. What it throws counts as nothing yet. */
export async function until(what, is, seconds = WAIT_S, every = 200) {
  const ends = Date.now() + seconds * 1000;
  let why = "";
  do {
    const got = await is().catch((error) => { why = " (" + error.message + ")"; return null; });
    if (got) return got;
    await sleep(every);
  } while (Date.now() < ends);
  throw new Error("Never came: " + what + why);
}

/** Starts an agent, and waits until it answers. `open` is an address of this machine at which other devices find its page. */
export async function agent(binary, name, port, open = null) {
  const one = { name, port, open, binary, home: join(work, "home of " + name), origin: "http://127.0.0.1:" + port, log: join(work, name + ".log") };
  agents.push(one);
  await start(one);
  return one;
}

export async function start(one) {
  const log = openSync(one.log, "a");
  one.process = spawn(one.binary, ["up", "--home", one.home, "--name", one.name, "--api", "127.0.0.1:" + one.port, "--listen", "127.0.0.1:" + (one.port + 100),
    "--no-mdns", "--burst", "6h", ...(one.open ? ["--open-api", one.open] : [])], { stdio: ["ignore", log, log] });
  closeSync(log);
  one.ended = new Promise((done) => { one.process.once("exit", (code, signal) => done(code === null ? signal : code)); one.process.once("error", (error) => done(error.message)); });
  one.ended.then((how) => { one.how = how; });
  try {
    await until(one.name + " answers", async () => one.how !== undefined || (await fetch(one.origin + "/healthz")).ok, WAIT_S * 2);
    if (one.how !== undefined) throw new Error("The agent " + one.name + " has ended: " + one.how);
    one.token = await until("the token of " + one.name, async () => readFileSync(join(one.home, "api-token"), "utf8").trim());
  } catch (error) {
    throw new Error(error.message + "\n" + readFileSync(one.log, "utf8").slice(-2000));
  }
}

/** Ends an agent as a service manager does. */
export async function stop(one) {
  one.process.kill("SIGTERM");
  await Promise.race([one.ended, sleep(WAIT_S * 1000)]);
  if (one.how === undefined) one.process.kill("SIGKILL");
  await one.ended;
  delete one.how;
}

/** A command of the program for this agent's home. */
export const command = (one, ...words) => execFileSync(one.binary, [...words, "--home", one.home], { encoding: "utf8" });

/** A call of the API with the agent's own token, or another one. */
export async function call(one, method, path, body, token = one.token) {
  const answer = await fetch(one.origin + path, { method, headers: { Authorization: "Bearer " + token, "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
  return answer.status === 204 ? {} : answer.json();
}

/** With which status the agent answers this token. */
export const lets = async (one, token) => (await fetch(one.origin + "/v1/status", { headers: { Authorization: "Bearer " + token } })).status;

/** The token of a browser that signs in somewhere else. */
export async function signIn(one, role = "admin") {
  const answer = await fetch(one.origin + "/v1/session", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ password: PASSWORD, role }) });
  const session = await answer.json();
  if (!session.token) throw new Error("The agent lets nobody in by the password: " + session.error);
  return session.token;
}

/** Whatever did not come of what was done at the page: the folder is watched, and all of it is embedded. */
export async function read(one, folder, files) {
  const status = async () => call(one, "GET", "/v1/status");
  if (!(await status()).sources.length) await call(one, "POST", "/v1/add", { path: folder });
  await until("all files of " + one.name + " are read", async () => {
    const { files: counts, scanning } = await status();
    return counts.ready >= files && !counts.waiting && !counts.chunked && !scanning;
  }, READING_S, 500);
}

/** The page has a password, also where choosing it at the page went wrong. */
export async function havePassword(one) {
  const { password } = await (await fetch(one.origin + "/v1/door")).json();
  if (!password) await call(one, "POST", "/v1/password", { password: PASSWORD });
}

/** An address at which other devices would reach this machine, in the form that stands before a port; null where it has none that is private. */
export function addressInNetwork() {
  const own = Object.values(networkInterfaces()).flat().filter((one) => !one.internal);
  const four = own.find((one) => one.family === "IPv4" && /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(one.address));
  const six = own.find((one) => one.family === "IPv6" && /^f[cd]/.test(one.address));
  return four ? four.address : six ? "[" + six.address + "]" : null;
}

/** Ends all of them, and takes away what they wrote. */
export function endAll() {
  for (const one of agents) if (one.process && one.how === undefined) one.process.kill("SIGKILL");
  rmSync(work, { recursive: true, force: true, maxRetries: 5 });
}
