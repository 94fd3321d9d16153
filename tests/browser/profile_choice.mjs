// The choice of a profile: in the dialog for a new session, and in a session's details.
import assert from "node:assert/strict";
import { complaintsOf, eventually, journey, profile, step } from "./support/journey.mjs";
import { control, openRouter, ROUTER, startSession } from "./support/router.mjs";

await journey(async (browser) => {
  const context = await profile(browser);
  const page = await openRouter(context);
  const complaints = complaintsOf(page);
  const newest = async () => (await (await fetch(new URL("/api/sessions", ROUTER))).json()).sessions[0];
  const choice = (at) => control(at, "combobox", "Profile");

  await step("the first profile is chosen, with what a user needs to know", async () => {
    await control(page, "button", "New session").click();
    const dialog = control(page, "dialog", "New session");
    assert.equal(await choice(dialog).inputValue(), "small");
    await dialog.getByText("For reviews. Image box:1. 2Gi of storage for a new session.").waitFor();
    await choice(dialog).selectOption({ label: "Large box" });
    await page.keyboard.press("Escape");
  });

  await step("the choice is kept in the dialog, and counts for the session", async () => {
    await startSession(page, {});
    assert.equal((await newest()).profile, "large");
  });

  await step("its details show the profile and change it for the next start", async () => {
    const details = page.getByRole("dialog");
    await details.getByText(/Counts from the next start/).waitFor();
    assert.equal(await choice(details).inputValue(), "large");
    await choice(details).selectOption("small");
    await eventually("it is stored", async () => (await newest()).profile === "small");
    await page.keyboard.press("Escape");
  });

  await step("the next dialog remembers the last choice", async () => {
    await page.reload();
    await control(page, "button", "New session").click();
    assert.equal(await choice(control(page, "dialog", "New session")).inputValue(), "large");
  });
  assert.deepEqual(complaints, []);
});
