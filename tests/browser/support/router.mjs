// The router's page as a person sees it, and its API as a script sees it.
import assert from "node:assert/strict";
import { eventually, setting } from "./journey.mjs";

export const ROUTER = new URL(setting("ROUTER_URL"));

/** An element of the router's page, by role and exact name. */
export const control = (at, role, name) => at.getByRole(role, { name, exact: true });

/** The row of a session, by the session's name. */
export const row = (page, name) => control(page, "list", "Sessions").getByRole("listitem", { name, exact: true });

/** The panel of one session. */
export const panel = (page, name) => control(page, "dialog", name);

/** Opens the router's page, maybe by a link that fills the dialog, and waits until it is live. */
export async function openRouter(context, parameters = {}) {
  const page = await context.newPage();
  const address = new URL(ROUTER);
  address.search = new URLSearchParams(parameters);
  await page.goto(address.href);
  await page.getByText("live", { exact: true }).waitFor();
  return page;
}

/** Fills in and sends the dialog for a new session. Without a repository, creates a new project. */
export async function startSession(page, { repoUrl, branch, firstMessage }) {
  await control(page, "button", "New session").click();
  const dialog = control(page, "dialog", "New session");
  if (repoUrl) await control(dialog, "textbox", "Repository URL").fill(repoUrl);
  else await control(dialog, "radio", "New project").check();
  if (branch) await control(dialog, "textbox", "Branch").fill(branch);
  if (firstMessage) await control(dialog, "textbox", "First message").fill(firstMessage);
  await control(dialog, "button", "Start session").click();
  await dialog.waitFor({ state: "detached" });
}

/** The tab that a click opens. */
export async function openedBy(click, context) {
  const [tab] = await Promise.all([context.waitForEvent("page"), click()]);
  return tab;
}

/** An answer of the API. */
export async function api(method, path, body) {
  const headers = body ? { "content-type": "application/json" } : {};
  const response = await fetch(new URL(path, ROUTER), { method, headers, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`);
  return response.status === 204 ? undefined : response.json();
}

export const createSession = (wanted) => api("POST", "/api/sessions", wanted);

export const readSession = (id) => api("GET", `/api/sessions/${id}`);

/** The session of a repository, as the API shows it. */
export async function sessionOf(repoUrl) {
  const { sessions } = await api("GET", "/api/sessions");
  return sessions.find((session) => session.repoUrl === repoUrl);
}

/** Waits until a session is in a phase, and returns it. */
export const inPhase = (id, phase) =>
  eventually(`${id} is ${phase}`, async () => {
    const session = await readSession(id);
    return session.phase.name === phase && session;
  });
