// The frame of every journey: its own browser, timed steps, a deadline, and a picture of every open page after a
// failure.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

/** Time limit for one action on a busy machine. */
export const PATIENCE = 240_000;

/** Time limit for a journey, shorter than that of the test that runs it. */
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

/** Runs the journey. The process ends with 0 only after a full success. */
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

/** One step. Its name shows where a journey failed. */
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

/** Repeats the question until the answer is truthy, and returns the answer. */
export async function eventually(what, ask, { within = PATIENCE, every = 50 } = {}) {
  const since = Date.now();
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    assert.ok(Date.now() - since < within, `${what}: not within ${within / 1000} s`);
    await pause(every);
  }
}

/** Asserts that a condition stays true for a given time. */
export async function always(what, ask, { during, every = 500 }) {
  for (const since = Date.now(); Date.now() - since < during; await pause(every)) {
    assert.ok(await ask(), `${what}: not any more after ${seconds(since)}`);
  }
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A separate browser profile with the time limit for actions. */
export async function profile(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 750 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  return context;
}

/** The errors of a page from now on, without answers that the journey causes on purpose. */
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

/** Asks the test that runs this journey for an action outside the browser. */
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
