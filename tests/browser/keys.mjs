// The user's keys: added, hidden, replaced, removed, and given to a running session by a restart.
import assert from "node:assert/strict";
import { complaintsOf, eventually, journey, profile, step } from "./support/journey.mjs";
import { api, control, createSession, inPhase, openRouter } from "./support/router.mjs";
import { traces } from "./support/traces.mjs";

const VALUE = "sk-not-to-be-seen-again";

const storedNames = async () => (await api("GET", "/api/user/secrets")).secrets.map(({ name }) => name);

await journey(async (browser) => {
  const context = await profile(browser);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await openRouter(context);
  const complaints = complaintsOf(page);
  const { id } = await createSession({});
  const firstStart = (await inPhase(id, "ready")).phase.since;

  const dialog = control(page, "dialog", "Keys");
  const [name, value] = ["Name", "Value"].map((label) => control(dialog, "textbox", label).or(control(dialog, "combobox", label)));
  const key = (wanted) => control(dialog, "list", "Your keys").getByRole("listitem", { name: wanted, exact: true });
  const save = () => control(dialog, "button", "Save").click();
  const isFocused = (field) => field.evaluate((element) => element === document.activeElement);

  await step("the button “Keys” opens the dialog, and there are none", async () => {
    await control(page, "button", "Keys").click();
    await dialog.getByText("You have no keys yet.").waitFor();
    await eventually("the cursor is in the first field", () => isFocused(name));
  });

  await step("a bad name is refused with a sentence, and nothing typed is lost", async () => {
    await name.fill("1X");
    await value.fill(VALUE);
    await save();
    await dialog.getByText("A name has letters, digits and underscores, and does not begin with a digit.").waitFor();
    assert.equal(await value.inputValue(), VALUE);
    assert.deepEqual(await storedNames(), []);
  });

  await step("a key is added, and its value is nowhere in the page", async () => {
    await name.fill("ANTHROPIC_API_KEY");
    assert.equal(await value.getAttribute("type"), "password");
    await control(dialog, "button", "Show value").click();
    assert.equal(await value.getAttribute("type"), "text");
    await control(dialog, "button", "Hide value").click();
    await save();
    await key("ANTHROPIC_API_KEY").getByText("Anthropic, changed just now").waitFor();
    await dialog.getByText("ANTHROPIC_API_KEY is saved.").waitFor();
    assert.deepEqual((await traces(page)).filter((text) => text.includes(VALUE)), []);
    assert.deepEqual(await storedNames(), ["ANTHROPIC_API_KEY"]);
  });

  await step("a pasted line is split", async () => {
    await page.evaluate(() => navigator.clipboard.writeText('export FOO="bar baz"\n'));
    await name.press("ControlOrMeta+v");
    await eventually("both fields are filled", async () => (await value.inputValue()) === "bar baz");
    assert.equal(await name.inputValue(), "FOO");
    await save();
    await key("FOO").waitFor();
  });

  await step("a running session has earlier keys, and the button restarts it", async () => {
    const earlier = dialog.getByText("1 session runs with earlier keys.");
    await earlier.waitFor();
    assert.equal((await inPhase(id, "ready")).phase.since, firstStart, "the session runs on");
    await control(dialog, "button", "Restart it").click();
    await earlier.waitFor({ state: "detached" });
    const { phase, outdated } = await eventually("it started again", async () => {
      const session = await inPhase(id, "ready");
      return session.phase.since !== firstStart && session;
    });
    assert.equal(phase.name, "ready");
    assert.equal(outdated, undefined);
  });

  await step("a key is removed only when told to", async () => {
    await control(key("FOO"), "button", "Remove").click();
    await key("FOO").getByText("Remove it?").waitFor();
    await page.keyboard.press("Escape");
    await control(key("FOO"), "button", "Replace").waitFor();
    assert.deepEqual((await storedNames()).toSorted(), ["ANTHROPIC_API_KEY", "FOO"]);
    await control(key("FOO"), "button", "Remove").click();
    await control(key("FOO"), "button", "Keep").waitFor();
    await control(key("FOO"), "button", "Remove").click();
    await key("FOO").waitFor({ state: "detached" });
    assert.deepEqual(await storedNames(), ["ANTHROPIC_API_KEY"]);
  });

  await step("closing the dialog clears its fields", async () => {
    await value.fill(VALUE);
    await control(dialog, "button", "Close").click();
    await dialog.waitFor({ state: "detached" });
    assert.deepEqual((await traces(page)).filter((text) => text.includes(VALUE)), []);
  });

  await step("a key is replaced without a mouse", async () => {
    await page.keyboard.press("e");
    await key("ANTHROPIC_API_KEY").waitFor();
    await eventually("the cursor is in the first field", () => isFocused(name));
    assert.equal(await name.inputValue(), "");
    await page.keyboard.type("ANTHROPIC_API_KEY");
    await dialog.getByText("You have a key with this name. Saving replaces it.").waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await value.inputValue(), "");
    await page.keyboard.type("sk-another");
    await page.keyboard.press("Enter");
    await dialog.getByText("ANTHROPIC_API_KEY is saved.").waitFor();
    assert.deepEqual(await storedNames(), ["ANTHROPIC_API_KEY"]);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  await step("? tells the key of the dialog", async () => {
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: /shortcuts/i }).getByText("Keys for your sessions").waitFor();
  });
  assert.deepEqual(complaints, []);
});
