// The user's Git logins: added, hidden, replaced, removed, and offered where a clone asks for one.
import assert from "node:assert/strict";
import { complaintsOf, eventually, journey, profile, setting, step } from "./support/journey.mjs";
import { api, control, createSession, inPhase, openRouter, row } from "./support/router.mjs";
import { traces } from "./support/traces.mjs";

const TOKEN = "token-not-to-be-seen-again";
const PRIVATE_REPO = new URL(setting("PRIVATE_REPO_URL"));
/** user:token */
const [USER, USERS_TOKEN] = setting("PRIVATE_REPO_LOGIN").split(":");

const storedLogins = async () => (await api("GET", "/api/user/git-logins")).logins;
const storedOrigins = async () => (await storedLogins()).map(({ origin }) => origin).toSorted();

await journey(async (browser) => {
  const context = await profile(browser);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await openRouter(context);
  const complaints = complaintsOf(page);

  const dialog = control(page, "dialog", "Keys");
  const tab = (name) => control(dialog, "tab", name);
  const [server, username, token] = ["Server", "User name", "Token"].map((label) =>
    control(dialog, "textbox", label).or(control(dialog, "combobox", label)),
  );
  const login = (name) => control(dialog, "list", "Your Git logins").getByRole("listitem", { name, exact: true });
  const save = () => control(dialog, "button", "Save").click();
  const isFocused = (field) => field.evaluate((element) => element === document.activeElement);
  const paste = async (text) => {
    await page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
    await server.press("ControlOrMeta+a");
    await server.press("ControlOrMeta+v");
  };

  await step("Git logins are a tab of the keys, and there are none", async () => {
    await control(page, "button", "Keys").click();
    await tab("Git logins").click();
    await dialog.getByText("You have no Git logins yet.").waitFor();
    await dialog.getByText("A change counts in running sessions too").waitFor();
  });

  await step("a bad server is refused with a sentence, and nothing typed is lost", async () => {
    await server.fill("a b");
    await token.fill(TOKEN);
    await save();
    await dialog.getByText("Enter a host such as github.com, or an address that begins with https://.").waitFor();
    await eventually("the cursor is in the wrong field", () => isFocused(server));
    assert.equal(await token.inputValue(), TOKEN);
    assert.deepEqual(await storedLogins(), []);
  });

  await step("a well-known server says where its tokens are made", async () => {
    await server.fill("github.com");
    const link = control(dialog, "link", "Create a token");
    assert.equal(await link.getAttribute("href"), "https://github.com/settings/personal-access-tokens/new");
    assert.equal(await link.getAttribute("rel"), "noreferrer");
  });

  await step("a login is added, and its token is nowhere in the page", async () => {
    assert.equal(await token.getAttribute("type"), "password");
    await control(dialog, "button", "Show token").click();
    assert.equal(await token.getAttribute("type"), "text");
    await control(dialog, "button", "Hide token").click();
    await save();
    await login("github.com").getByText("user name git, changed just now").waitFor();
    await dialog.getByText("github.com is saved.").waitFor();
    assert.deepEqual((await traces(page)).filter((text) => text.includes(TOKEN)), []);
    assert.deepEqual(await storedOrigins(), ["https://github.com"]);
  });

  await step("a pasted address of a repository becomes its server", async () => {
    await paste("https://git.example.org:8443/acme/web.git");
    await eventually("only the origin is left", async () => (await server.inputValue()) === "https://git.example.org:8443");
    await paste("git@github.com:acme/web.git");
    await eventually("only the host is left", async () => (await server.inputValue()) === "github.com");
    await dialog.getByText("You have a login for this server. Saving replaces it.").waitFor();
    await paste("git clone https://git.example.org:8443/acme/web.git");
    await username.fill("ann");
    await token.fill(TOKEN);
    await save();
    await login("git.example.org:8443").getByText("user name ann").waitFor();
    assert.deepEqual(await storedOrigins(), ["https://git.example.org:8443", "https://github.com"]);
  });

  await step("a login is removed only when told to", async () => {
    const item = login("git.example.org:8443");
    await control(item, "button", "Remove").click();
    await item.getByText("Running sessions lose it too").waitFor();
    await page.keyboard.press("Escape");
    await control(item, "button", "Replace").waitFor();
    assert.equal((await storedLogins()).length, 2);
    await control(item, "button", "Remove").click();
    await control(item, "button", "Keep").waitFor();
    await control(item, "button", "Remove").click();
    await item.waitFor({ state: "detached" });
    assert.deepEqual(await storedOrigins(), ["https://github.com"]);
  });

  await step("the other tab does not lose what was typed, and closing the dialog does", async () => {
    await token.fill(TOKEN);
    await tab("Variables").click();
    await dialog.getByText("You have no keys yet.").waitFor();
    await tab("Git logins").click();
    assert.equal(await token.inputValue(), TOKEN);
    await control(dialog, "button", "Close").click();
    await dialog.waitFor({ state: "detached" });
    assert.deepEqual((await traces(page)).filter((text) => text.includes(TOKEN)), []);
  });

  await step("a login is replaced without a mouse", async () => {
    await page.keyboard.press("e");
    await eventually("the cursor is in the first field", () => isFocused(control(dialog, "combobox", "Name")));
    await tab("Variables").focus();
    await page.keyboard.press("ArrowRight");
    await eventually("the next tab has the focus", () => isFocused(tab("Git logins")));
    assert.equal(await tab("Git logins").getAttribute("aria-selected"), "true");
    await login("github.com").waitFor();
    await page.keyboard.press("Tab");
    await eventually("the first button has the focus", () => isFocused(control(login("github.com"), "button", "Replace")));
    await page.keyboard.press("Enter");
    await eventually("the cursor is in the token's field", () => isFocused(token));
    assert.equal(await server.inputValue(), "github.com");
    assert.equal(await username.inputValue(), "git");
    assert.equal(await token.inputValue(), "");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.type("ann");
    await page.keyboard.press("Tab");
    await page.keyboard.type("another");
    await page.keyboard.press("Enter");
    await login("github.com").getByText("user name ann, changed just now").waitFor();
    assert.deepEqual(await storedOrigins(), ["https://github.com"]);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  await step("a session that failed for want of a login asks for it, and then starts", async () => {
    const { id } = await createSession({ repoUrl: PRIVATE_REPO.href });
    await inPhase(id, "failed");
    const failed = row(page, PRIVATE_REPO.pathname.split("/").at(-1).replace(/\.git$/, ""));
    await control(failed, "button", "Add a login").click();
    await eventually("the cursor is in the token's field", () => isFocused(token));
    assert.equal(await server.inputValue(), PRIVATE_REPO.origin.replace("https://", ""));
    await username.fill(USER);
    await token.fill(USERS_TOKEN);
    await token.press("Enter");
    await control(dialog, "button", "Try again").click();
    await inPhase(id, "ready");
    await control(dialog, "button", "Try again").waitFor({ state: "detached" });
    assert.deepEqual((await traces(page)).filter((text) => text.includes(USERS_TOKEN)), []);
  });
  assert.deepEqual(complaints, []);
});
