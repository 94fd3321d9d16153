// Links to the router's page that fill the dialog for a new session.
import assert from "node:assert/strict";
import { complaintsOf, eventually, journey, profile, setting, step } from "./support/journey.mjs";
import { api, control, openRouter, panel, ROUTER } from "./support/router.mjs";

const missing = setting("MISSING_REPO_URL");
const message = "Fix <b>the</b> test + 100% of it.\nThen stop.";
const full = { message, profile: "large", from: "main", branch: "fix/login", repo: missing, start: "true" };

const dialogOf = (page) => control(page, "dialog", "New session");

const field = (dialog, name) => control(dialog, "textbox", name);

/** Only then does a link open the dialog. */
const userIsKnown = (page) => page.getByText(/^opencode-router \d/).waitFor();

const values = ({ repo, branch, from }) => ({ repoUrl: repo, branch, sourceBranch: from });

await journey(async (browser) => {
  const context = await profile(browser);
  const nothingStarted = async () => assert.deepEqual((await api("GET", "/api/sessions")).sessions, []);
  const start = (page) => control(dialogOf(page), "button", "Start session");

  const page = await step("a link fills the dialog, and says so", async () => {
    const linked = await openRouter(context, full);
    const dialog = dialogOf(linked);
    await dialog.getByText("A link filled in this form. Check it before you start the session.").waitFor();
    assert.equal(await field(dialog, "Repository URL").inputValue(), missing);
    assert.equal(await field(dialog, "Branch").inputValue(), "fix/login");
    assert.equal(await field(dialog, "Start from").inputValue(), "main", "it is open");
    assert.equal(await field(dialog, "First message").inputValue(), message);
    assert.equal(await control(dialog, "combobox", "Profile").inputValue(), "large");
    return linked;
  });
  const complaints = complaintsOf(page);
  const posts = postsOf(page);

  await step("the address keeps nothing of it", async () => assert.equal(page.url(), ROUTER.href));

  await step("Enter starts nothing by itself", async () => {
    await eventually("the button works", () => start(page).isEnabled());
    await page.keyboard.press("Enter");
    await page.keyboard.press("Control+Enter");
    await page.keyboard.press("Space");
    await dialogOf(page).waitFor();
    assert.deepEqual(posts, []);
    await nothingStarted();
  });

  await step("the button starts what the dialog shows", async () => {
    await start(page).click();
    await panel(page, "no-such").waitFor();
    const [{ repoUrl, branch, sourceBranch, profile: chosen }, ...others] = (await api("GET", "/api/sessions")).sessions;
    assert.deepEqual({ repoUrl, branch, sourceBranch, chosen }, { ...values(full), chosen: "large" });
    assert.deepEqual(others, []);
    assert.deepEqual(posts, [{ ...values(full), profile: "large", initialMessage: message }]);
    await page.keyboard.press("Escape");
  });

  await step("a reload fills nothing", async () => {
    const again = await openRouter(context, full);
    await dialogOf(again).waitFor();
    await again.reload();
    await userIsKnown(again);
    assert.equal(await again.getByRole("dialog").count(), 0);
    await control(again, "button", "New session").click();
    await isEmpty(dialogOf(again));
    await again.close();
  });

  await step("a closed dialog keeps nothing of the link", async () => {
    const closed = await openRouter(context, full);
    await dialogOf(closed).waitFor();
    await closed.keyboard.press("Escape");
    await dialogOf(closed).waitFor({ state: "detached" });
    await control(closed, "button", "New session").click();
    await isEmpty(dialogOf(closed));
    await closed.close();
  });

  await step("a message alone is for a new project, and an unknown profile is said", async () => {
    const strange = { message: "Make a game\u{E0041}", profile: "<i>huge</i>", branch: "b".repeat(256) };
    const other = await openRouter(context, strange);
    const dialog = dialogOf(other);
    await dialog.getByText("There is no profile “<i>huge</i>” for you. Another one is chosen below.").waitFor();
    await dialog.getByText("The link’s branch is left out: it is longer than 255 characters.").waitFor();
    await dialog.getByText("The link’s invisible characters are left out.").waitFor();
    assert.ok(await control(dialog, "radio", "New project").isChecked());
    assert.equal(await field(dialog, "First message").inputValue(), "Make a game");
    await other.close();
  });

  await step("a click that was meant for another page starts nothing", async () => {
    const slow = await profile(browser);
    await slow.clock.install();
    const hurried = await openRouter(slow, full);
    await hurried.clock.pauseAt(Date.now() + 10_000);
    await hurried.evaluate(() => window.dispatchEvent(new Event("focus")));
    assert.ok(await start(hurried).isDisabled());
    const sent = postsOf(hurried);
    await start(hurried).click({ force: true });
    await field(dialogOf(hurried), "Branch").press("Enter");
    await field(dialogOf(hurried), "First message").press("Control+Enter");
    await hurried.clock.runFor(1000);
    await eventually("the button works", () => start(hurried).isEnabled());
    assert.deepEqual(sent, []);
    await slow.close();
  });

  await step("other parameters open nothing", async () => {
    const plain = await openRouter(context, { start: "true", repo: "" });
    await userIsKnown(plain);
    assert.equal(await plain.getByRole("dialog").count(), 0);
    await plain.close();
  });

  await step("on a phone the dialog is not wider than the screen", async () => {
    const phone = await openRouter(await profile(browser, { viewport: { width: 360, height: 740 }, hasTouch: true }), full);
    await dialogOf(phone).waitFor();
    const wide = await phone.evaluate(() => document.querySelector("dialog[open]").scrollWidth > innerWidth);
    assert.ok(!wide);
  });

  assert.equal((await api("GET", "/api/sessions")).sessions.length, 1);
  // A session that did not run may have no log.
  assert.deepEqual(complaints.filter((text) => !text.includes("/logs?")), []);
});

async function isEmpty(dialog) {
  await control(dialog, "button", "Start session").waitFor();
  assert.equal(await field(dialog, "Repository URL").inputValue(), "");
  assert.equal(await field(dialog, "First message").inputValue(), "");
  assert.equal(await dialog.getByText("A link filled in this form").count(), 0);
}

/** The bodies of the page's requests that change something, from now on. */
function postsOf(page) {
  const bodies = [];
  page.on("request", (request) => {
    if (request.method() !== "GET") bodies.push(request.postDataJSON());
  });
  return bodies;
}
