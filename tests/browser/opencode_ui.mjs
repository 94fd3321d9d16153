// From a repository to a conversation and a terminal in opencode's own page, and again after a stop.
import assert from "node:assert/strict";
import { eventually, journey, please, profile, setting, step } from "./support/journey.mjs";
import { openTerminal, promptBox, sendPrompt } from "./support/opencode.mjs";
import { control, inPhase, openedBy, openRouter, panel, row, sessionOf, startSession } from "./support/router.mjs";

const repoUrl = setting("REPO_URL");
const name = new URL(repoUrl).pathname.split("/").at(-1).replace(/\.git$/, "");

await journey(async (browser) => {
  const context = await profile(browser);
  const page = await openRouter(context);

  const seen = await step("a session for a repository starts, and its phases are shown", async () => {
    await startSession(page, { repoUrl });
    const progress = panel(page, name).getByRole("list", { name: "Progress" });
    const phases = new Set();
    await eventually("the start is over", async () => {
      const words = await progress.locator("[aria-current=step]").allTextContents();
      for (const word of words.map((text) => text.split(/[ ,]/)[0])) {
        if (word === "cloning" && !phases.has(word)) await please("hurry the clone");
        phases.add(word);
      }
      return panel(page, name).locator(".pill[data-state=ready]").isVisible();
    });
    return phases;
  });
  assert.ok(seen.has("cloning") && seen.has("starting"), `phases seen: ${[...seen]}`);
  const { id, url } = await sessionOf(repoUrl);

  const tab = await step("“Open” leads to opencode's page on the session's own host", async () => {
    const open = control(panel(page, name), "link", "Open");
    const tab = await openedBy(() => open.click(), context);
    await promptBox(tab).waitFor();
    assert.equal(new URL(tab.url()).host, new URL(url).host);
    return tab;
  });

  await step("the answer to a prompt is seen word by word", async () => {
    await sendPrompt(tab, "slow 15");
    await tab.getByText("word2", { exact: false }).first().waitFor();
    assert.ok(!(await tab.getByText("word15").isVisible()), "the answer came all at once");
    await tab.getByText("word15").first().waitFor();
  });

  await step("the router's page says what the session is about", () => row(page, "About slow 15").waitFor({ state: "attached" }));

  await step("the terminal runs a command in the repository", async () => {
    const terminal = await openTerminal(tab);
    await terminal.run("cat src/hello.txt; echo kept-$((6 * 7)) > kept.txt; cat kept.txt", "kept-42");
  });
  const conversation = tab.url();

  await step("“Stop” stops it", async () => {
    // The page asks for confirmation while the agent works.
    await panel(page, "About slow 15").locator(".pill[data-state=ready]").waitFor();
    await control(panel(page, "About slow 15"), "button", "Stop").click();
    await inPhase(id, "stopped");
    await panel(page, "About slow 15").getByText("stopped", { exact: true }).first().waitFor();
  });

  await step("going back to the page wakes it, and the conversation is there", async () => {
    await tab.goto(conversation);
    await tab.getByText("word15").first().waitFor();
    await inPhase(id, "ready");
  });

  await step("and so are the files", async () => {
    await sendPrompt(tab, "run cat kept.txt src/hello.txt");
    await tab.getByText(/The tool said: kept-42\s+Hello\./).first().waitFor();
  });

  await step("who comes with another browser finds the conversation too", async () => {
    const elsewhere = await (await profile(browser)).newPage();
    await elsewhere.goto(url);
    await elsewhere.getByText("word15").first().waitFor();
  });
});
