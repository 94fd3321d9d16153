// The router's page from the first visit: a failed start, a new project, its log, its attach command, its deletion.
import assert from "node:assert/strict";
import { complaintsOf, eventually, journey, profile, setting, step } from "./support/journey.mjs";
import { control, openedBy, openRouter, panel, row, sessionOf, startSession } from "./support/router.mjs";

const missing = setting("MISSING_REPO_URL");
// The last words of a log when its session is stopped.
const lastWords = setting("LAST_WORDS");

await journey(async (browser) => {
  const context = await profile(browser);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await openRouter(context);
  const complaints = complaintsOf(page);

  await step("who has no session is told what one is", async () => {
    await control(page, "heading", "You have no sessions yet").waitFor();
    await control(page, "button", "Start your first session").click();
    await control(page, "dialog", "New session").waitFor();
    await page.keyboard.press("Escape");
  });

  await step("what is no address is refused with what was meant, and nothing typed is lost", async () => {
    await control(page, "button", "New session").click();
    const dialog = control(page, "dialog", "New session");
    const typed = control(dialog, "textbox", "Repository URL");
    await typed.fill("acme/web");
    await control(dialog, "button", "Start session").click();
    await dialog.getByRole("alert").getByText("https://github.com/acme/web").waitFor();
    assert.equal(await typed.inputValue(), "acme/web");
    await control(dialog, "button", "Cancel").click();
  });

  await step("an address with a branch and a login: the page says what it understood", async () => {
    const copied = `${missing.replace("no-such", "me/shown").replace("://", "://me:secret@").replace(".git", "")}/tree/feat/x`;
    await startSession(page, { repoUrl: copied });
    const shown = panel(page, "shown");
    await shown.getByText(/was understood as .*\/me\/shown, branch “feat\/x”/).waitFor();
    await shown.getByText(/The login in the address was left out/).waitFor();
    assert.equal(await shown.getByText("secret").count(), 0);
    await control(shown, "button", "Delete").click();
    await control(control(page, "dialog", "Delete this session?"), "button", "Delete session").click();
    await row(page, "shown").waitFor({ state: "detached" });
  });

  await step("a start that fails: the reason, and “Try again”", async () => {
    // The log is empty before the start failed, because nothing ran.
    const log = /\/logs\?/;
    await page.route(log, async (route) => {
      const { phase } = await sessionOf(missing);
      await (phase.name === "failed" ? route.continue() : route.fulfill({ contentType: "text/plain", body: "" }));
    });
    await startSession(page, { repoUrl: missing, branch: "main" });
    const failed = panel(page, "no-such");
    await failed.getByText(/repository .*(not found|does not exist|cannot be found)/i).first().waitFor();
    await page.unroute(log);
    const before = await sessionOf(missing);
    await control(failed, "button", "Try again").click();
    await eventually("it was tried again", async () => {
      const { phase } = await sessionOf(missing);
      return phase.name === "failed" && phase.since !== before.phase.since;
    });
    await control(failed, "button", "Close").click();
    await control(row(page, "no-such"), "button", "Try again").waitFor();
  });

  await step("a new project begins with its first message", async () => {
    await startSession(page, { firstMessage: "say done-as-asked" });
    await row(page, "About say done-as-asked").waitFor({ state: "attached" });
    await control(panel(page, "About say done-as-asked"), "button", "Close").click();
  });
  const project = row(page, "About say done-as-asked");

  await step("“Open” leads to the conversation that began with it", async () => {
    const tab = await openedBy(() => control(project, "link", "Open").click(), context);
    await tab.getByText("done-as-asked").nth(1).waitFor();
    await tab.close();
  });

  await step("the attach command is in the clipboard, with a token", async () => {
    await control(project, "button", "Copy attach command").click();
    const dialog = control(page, "dialog", "Attach command");
    await dialog.getByText("Copied.").waitFor();
    const command = await control(dialog, "textbox", "Attach command").inputValue();
    assert.match(command, /^opencode attach http:\/\/\S+ -p '?[\w.~-]{20,}'?$/);
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), command);
    await control(dialog, "button", "Done").click();
  });

  await step("the log follows", async () => {
    await control(project, "button", "Log").click();
    const shown = panel(page, "About say done-as-asked");
    await shown.getByText("opencode server listening").waitFor();
    // "Stop" asks for confirmation while the agent works.
    await shown.getByText("ready", { exact: true }).first().waitFor();
    await control(shown, "button", "Stop").click();
    await shown.getByText(lastWords).first().waitFor();
    await shown.getByText("stopped", { exact: true }).first().waitFor();
    await control(shown, "button", "Close").click();
  });

  await step("delete says what is lost, and deletes only when told to", async () => {
    const ask = async () => {
      await control(project, "button", "Delete").click();
      return control(page, "dialog", "Delete this session?");
    };
    const first = await ask();
    for (const lost of [/session’s files/, /every conversation/, /attach tokens/]) await first.getByText(lost).waitFor();
    await control(first, "button", "Cancel").click();
    await project.waitFor();
    await control(await ask(), "button", "Delete session").click();
    await project.waitFor({ state: "detached" });
  });

  await step("a session that failed is deleted as well, and then there is none", async () => {
    await control(row(page, "no-such"), "button", "Delete").click();
    await control(control(page, "dialog", "Delete this session?"), "button", "Delete session").click();
    await control(page, "heading", "You have no sessions yet").waitFor();
  });

  // Chromium reports the refusal that this test causes.
  assert.deepEqual(complaints.filter((text) => !text.includes("status of 400")), []);
});
