// The router's page by keyboard alone, in dark mode, and on a phone.
import assert from "node:assert/strict";
import { eventually, journey, profile, setting, step } from "./support/journey.mjs";
import { control, createSession, inPhase, openedBy, openRouter, panel, row, startSession } from "./support/router.mjs";

const missing = setting("MISSING_REPO_URL");
const other = missing.replace("no-such", "a-repository-whose-name-is-longer-than-a-phone-is-wide");

const focused = (page) => page.evaluate(() => document.activeElement?.closest(".row")?.getAttribute("aria-labelledby"));

await journey(async (browser) => {
  const context = await profile(browser);
  const page = await openRouter(context);
  const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());

  await step("a session is started without a mouse", async () => {
    await press("n");
    const dialog = control(page, "dialog", "New session");
    await eventually("the cursor is in the first field", () =>
      control(dialog, "textbox", "Repository URL").evaluate((field) => field === document.activeElement),
    );
    await page.keyboard.type(missing);
    await press("Tab");
    await page.keyboard.type("main");
    await press("Enter");
    await panel(page, "no-such").waitFor();
    await press("Escape");
    await panel(page, "no-such").waitFor({ state: "detached" });
  });

  const { id } = await createSession({ repoUrl: other, branch: "main" });
  await inPhase(id, "failed");
  await row(page, "a-repository-whose-name-is-longer-than-a-phone-is-wide").waitFor();

  await step("j and k walk through the list, Enter acts", async () => {
    await press("j");
    const first = await focused(page);
    await press("j");
    const second = await focused(page);
    assert.ok(first && second && first !== second, `${first}, ${second}`);
    await press("k");
    assert.equal(await focused(page), first);
    const tab = await openedBy(() => press("Enter"), context);
    await tab.getByRole("heading", { name: "This session did not start", exact: true }).waitFor();
    await tab.close();
  });

  await step("? tells the keys", async () => {
    await press("?");
    const help = page.getByRole("dialog", { name: /shortcuts/i });
    await help.getByText("n", { exact: true }).waitFor();
    await press("Escape");
    await help.waitFor({ state: "detached" });
  });

  await step("the dialog offers the repositories used before", async () => {
    await press("n");
    const dialog = control(page, "dialog", "New session");
    await dialog.getByRole("button", { name: /no-such$/ }).click();
    assert.equal(await control(dialog, "textbox", "Repository URL").inputValue(), missing);
    await press("Escape");
  });

  await step("dark is dark, and a choice stays", async () => {
    const dark = await openRouter(await profile(browser, { colorScheme: "dark" }));
    assert.ok((await brightness(dark)) < 60, "by the system's wish");
    const theme = page.getByRole("button", { name: /^Theme/ });
    assert.ok((await brightness(page)) > 200, "light at first");
    await eventually("it is dark after some clicks", async () => {
      await theme.click();
      return (await brightness(page)) < 60;
    });
    await page.reload();
    await page.getByText("live", { exact: true }).waitFor();
    assert.ok((await brightness(page)) < 60, "after a reload");
  });

  await step("on a phone nothing is wider than the screen", async () => {
    const phone = await openRouter(await profile(browser, { viewport: { width: 360, height: 740 }, hasTouch: true }));
    await fits(phone, "the list");
    await control(phone, "button", "New session").click();
    await control(phone, "dialog", "New session").waitFor();
    await fits(phone, "the start dialog");
    await phone.keyboard.press("Escape");
    await startSession(phone, { repoUrl: missing, branch: "main" });
    await fits(phone, "the panel");
    await phone.keyboard.press("Escape");
    await control(row(phone, "no-such"), "button", "Delete").click();
    await control(phone, "dialog", "Delete this session?").waitFor();
    await fits(phone, "a question");
  });
});

async function brightness(page) {
  const colour = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const parts = colour.match(/\d+/g).slice(0, 3).map(Number);
  return parts.reduce((sum, part) => sum + part) / 3;
}

/** No horizontal scrolling, of the page or of an open dialog. */
async function fits(page, what) {
  const wide = await page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll("dialog[open], dialog[open] > .dialog-body")]
      .filter((element) => element.scrollWidth > Math.min(element.clientWidth, innerWidth))
      .map((element) => `${element.tagName} ${element.scrollWidth}`),
  );
  assert.deepEqual(wide, [], what);
}
