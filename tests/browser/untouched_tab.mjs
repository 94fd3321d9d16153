// An open tab of opencode's page neither keeps its session running nor wakes it.
import { always, eventually, journey, profile, setting, step } from "./support/journey.mjs";
import { promptBox, sendPrompt } from "./support/opencode.mjs";
import { createSession, inPhase, readSession } from "./support/router.mjs";

/** Time for two failed health checks: the page sends one every 10 s. */
const STAYS_STOPPED = 25_000;

await journey(async (browser) => {
  const context = await profile(browser);
  const tab = await context.newPage();
  const { id, url } = await createSession({ repoUrl: setting("REPO_URL") });
  let polls = 0;
  tab.on("request", (request) => (polls += new URL(request.url()).pathname === "/api/health" ? 1 : 0));

  await step("somebody works in a session and then leaves the tab open", async () => {
    await tab.goto(url);
    await promptBox(tab).waitFor();
    await sendPrompt(tab, "say it-was-here");
    await tab.getByText("it-was-here").nth(1).waitFor();
  });

  await step("the session stops by itself", () => inPhase(id, "stopped"));

  await step("the tab asks for it, and it stays stopped", async () => {
    const before = polls;
    const stopped = async () => (await readSession(id)).phase.name === "stopped";
    await always("the session is stopped", stopped, { during: STAYS_STOPPED });
    await eventually("the tab asked at least twice", () => polls >= before + 2, { within: 1000 });
  });

  await step("a reload wakes it", async () => {
    await tab.reload();
    await tab.getByText("it-was-here").nth(1).waitFor();
  });

  await step("and the conversation goes on", async () => {
    await sendPrompt(tab, "say and-goes-on");
    await tab.getByText("and-goes-on").nth(1).waitFor();
  });
});
