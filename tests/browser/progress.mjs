// A session's own host during a start and after a failed one, with and without scripts.
import assert from "node:assert/strict";
import { complaintsOf, eventually, journey, please, profile, setting, step } from "./support/journey.mjs";
import { promptBox } from "./support/opencode.mjs";
import { createSession, inPhase } from "./support/router.mjs";

/** The phase that the page shows as the current one. */
const phaseShown = (tab) => tab.locator("li[aria-current=step]").textContent({ timeout: 2000 }).catch(() => "");

/** The errors of a page, without its own status, which Chromium reports as an error. */
const withoutOwnStatus = (complaints) => complaints.filter((text) => !text.includes("status of 503"));

async function open(context, url) {
  const tab = await context.newPage();
  const complaints = complaintsOf(tab);
  const response = await tab.goto(url);
  assert.equal(response.status(), 503);
  return { tab, complaints };
}

await journey(async (browser) => {
  const scripted = await profile(browser);
  const plain = await profile(browser, { javaScriptEnabled: false });

  const waiting = await createSession({ repoUrl: setting("STALLED_REPO_URL"), branch: "main" });
  const { tab, complaints } = await open(scripted, waiting.url);
  const still = (await open(plain, waiting.url)).tab;

  await step("both say what is waited for", async () => {
    for (const page of [tab, still]) {
      await page.getByRole("heading", { name: "Starting your session", exact: true }).waitFor();
      await eventually("it gets the repository", async () => (await phaseShown(page)).includes("Getting the repository"));
    }
  });

  await step("without scripts the page loads itself again", async () => {
    let loads = 0;
    still.on("framenavigated", () => (loads += 1));
    await eventually("it was loaded twice", () => loads >= 2);
    assert.ok((await phaseShown(still)).includes("Getting the repository"));
  });

  await step("with scripts the phases move on, without being loaded again", async () => {
    let loads = 0;
    const count = () => (loads += 1);
    tab.on("framenavigated", count);
    await please("release the repository");
    await eventually("opencode starts", async () => (await phaseShown(tab)).includes("Starting opencode"), { every: 20 });
    tab.off("framenavigated", count);
    assert.equal(loads, 0);
    assert.deepEqual(withoutOwnStatus(complaints), []);
  });

  await step("and both go on to opencode's page by themselves", async () => {
    await promptBox(tab).waitFor();
    await eventually("the plain one is there", () => /^\/[\w-]+\/session/.test(new URL(still.url()).pathname));
  });

  await step("a start that failed says why and can be tried again", async () => {
    const missing = await createSession({ repoUrl: setting("MISSING_REPO_URL"), branch: "main" });
    await inPhase(missing.id, "failed");
    const failed = await open(scripted, missing.url);
    await failed.tab.getByRole("heading", { name: "This session did not start", exact: true }).waitFor();
    await failed.tab.getByText(/repository .*(not found|does not exist|cannot be found)/i).first().waitFor();
    assert.deepEqual(withoutOwnStatus(failed.complaints), []);
    await please("create the repository");
    await failed.tab.getByRole("button", { name: "Try again", exact: true }).click();
    await failed.tab.getByRole("heading", { name: "Starting your session", exact: true }).waitFor();
    await promptBox(failed.tab).waitFor();
    assert.deepEqual(withoutOwnStatus(failed.complaints), []);
  });
});
