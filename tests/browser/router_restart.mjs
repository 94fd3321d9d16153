// The router restarts under an open page. The page says so, reconnects by itself and is current again.
import { eventually, journey, please, profile, setting, step } from "./support/journey.mjs";
import { createSession, inPhase, openRouter, row } from "./support/router.mjs";

const missing = setting("MISSING_REPO_URL");

await journey(async (browser) => {
  const page = await openRouter(await profile(browser));
  const seen = new Set();
  const watch = async () => seen.add(await page.locator(".connection").getAttribute("data-status"));

  await step("a session that a script starts appears by itself", async () => {
    const { id } = await createSession({ repoUrl: missing, branch: "main" });
    await row(page, "no-such").waitFor();
    await inPhase(id, "failed");
    await row(page, "no-such").getByText("failed", { exact: true }).waitFor();
  });

  await step("the router goes, and the page says that it tries to come back", async () => {
    await please("stop the router");
    await eventually("it reconnects", async () => (await watch()).has("reconnecting"));
  });

  await step("the router is back, and so is the page", async () => {
    await please("start the router");
    await page.getByText("live", { exact: true }).waitFor();
    await row(page, "no-such").waitFor();
  });

  await step("what happens from then on is seen again", async () => {
    await createSession({ repoUrl: missing.replace("no-such", "another"), branch: "main" });
    await row(page, "another").waitFor();
  });
});
