// The frame of every journey: a browser of its own, steps that say how long they took, a deadline, and a picture of
// every open page when something fails.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

/** How long any one thing may take on a busy machine. */
export const PATIENCE = 240_000;

/** A journey ends itself before whoever started it loses patience. */
const DEADLINE = 560_000;

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const begun = Date.now();
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** A setting of the journey, from the environment. */
export function setting(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}

/** Runs the journey; the process ends with 0 only if all of it went well. */
export async function journey(walk) {
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: FLAGS });
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`the journey took longer than ${DEADLINE / 1000} s`)), DEADLINE).unref();
  });
  try {
    await Promise.race([walk(browser), late]);
    console.log(`all of it in ${seconds(begun)}`);
  } catch (error) {
    process.exitCode = 1;
    console.error(error);
    await takePictures(browser);
  }
  await browser.close();
  requests?.close();
}

function chromiumPath() {
  const onPath = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "chromium"));
  const path = process.env.CHROMIUM ?? onPath.find(existsSync);
  assert.ok(path, "no Chromium: put `chromium` on the PATH, or its path in CHROMIUM");
  return path;
}

/** One step, named for whoever reads where it stopped. */
export async function step(name, take) {
  const since = Date.now();
  try {
    const result = await take();
    console.log(`ok ${seconds(since).padStart(7)}  ${name}`);
    return result;
  } catch (error) {
    console.error(`failed after ${seconds(since)}: ${name}`);
    throw error;
  }
}

/** Asks until the answer is truthy, and returns it. */
export async function eventually(what, ask, { within = PATIENCE, every = 50 } = {}) {
  const since = Date.now();
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    assert.ok(Date.now() - since < within, `${what}: not within ${within / 1000} s`);
    await pause(every);
  }
}

/** Holds that something stays true for as long as that is promised. */
export async function always(what, ask, { during, every = 500 }) {
  for (const since = Date.now(); Date.now() - since < during; await pause(every)) {
    assert.ok(await ask(), `${what}: not any more after ${seconds(since)}`);
  }
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A browser profile of its own; every page in it has its patience and its complaints kept. */
export async function profile(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 750 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  return context;
}

/** What a page complains of from now on, apart from the answers that the journey provokes. */
export function complaintsOf(page) {
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${message.text()} (${message.location().url})`);
  });
  return complaints;
}

let requests;
let answers;

/** Asks the test that runs this journey for something that no browser can do. */
export async function please(request) {
  requests ??= createInterface({ input: process.stdin });
  answers ??= requests[Symbol.asyncIterator]();
  console.log(`please ${request}`);
  const { value } = await answers.next();
  assert.equal(value, "done", `nobody did: ${request}`);
}

async function takePictures(browser) {
  const folder = process.env.PICTURES ?? (await mkdtemp(join(tmpdir(), "journey-")));
  const pages = browser.contexts().flatMap((context) => context.pages());
  for (const [n, page] of pages.entries()) {
    const path = join(folder, `page-${n}.png`);
    const taken = await page.screenshot({ path, timeout: 5000 }).then(
      () => path,
      (error) => `no picture: ${error.message}`,
    );
    console.error(`${page.url()}\n  ${taken}\n${await outline(page)}`);
  }
}

const outline = (page) => page.locator("body").ariaSnapshot({ timeout: 5000 }).catch((error) => error.message);
