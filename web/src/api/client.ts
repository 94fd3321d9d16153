import { problemFrom, signedOut, unreachable } from "./problem";
import type { AttachToken, GitLogin, GitLogins, Me, NewGitLogin, NewSession, Secrets, Session } from "./types";

export const SESSION_STREAM = "/api/sessions/stream";

export const readMe = () => json<Me>("GET", "/api/me");

/** Creates the session, or finds the existing one for this repository and branch, and starts it. */
export async function ensureSession(wanted: NewSession): Promise<{ session: Session; created: boolean }> {
  const response = await send("POST", "/api/sessions", wanted);
  return { session: (await response.json()) as Session, created: response.status === 201 };
}

export const startSession = (id: string) => json<Session>("POST", `${pathOf(id)}/start`);

export const startWithoutHistory = (id: string) => json<Session>("POST", `${pathOf(id)}/start-without-history`);

export const trustRepository = (id: string) => json<Session>("POST", `${pathOf(id)}/trust`);

export const chooseProfile = (id: string, profile: string) => json<Session>("PATCH", pathOf(id), { profile });

export const stopSession = (id: string) => json<Session>("POST", `${pathOf(id)}/stop`);

export async function deleteSession(id: string): Promise<void> {
  await send("DELETE", pathOf(id));
}

export const createAttachToken = (id: string) =>
  json<AttachToken>("POST", `${pathOf(id)}/tokens`, { label: "copied from the web page" });

export async function followLog(id: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const response = await send("GET", `${pathOf(id)}/logs?tail=500&follow=true`, undefined, signal);
  return response.body ?? new ReadableStream({ start: (controller) => controller.close() });
}

export const readSecrets = () => json<Secrets>("GET", SECRETS);

export async function saveSecret(name: string, value: string): Promise<void> {
  await send("PUT", `${SECRETS}/${encodeURIComponent(name)}`, { value });
}

export async function deleteSecret(name: string): Promise<void> {
  await send("DELETE", `${SECRETS}/${encodeURIComponent(name)}`);
}

export const readGitLogins = () => json<GitLogins>("GET", GIT_LOGINS);

export const saveGitLogin = (login: NewGitLogin) => json<GitLogin>("PUT", GIT_LOGINS, login);

export async function deleteGitLogin(origin: string): Promise<void> {
  await send("DELETE", `${GIT_LOGINS}?origin=${encodeURIComponent(origin)}`);
}

const SECRETS = "/api/user/secrets";
const GIT_LOGINS = "/api/user/git-logins";

const pathOf = (id: string) => `/api/sessions/${encodeURIComponent(id)}`;

async function json<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await send(method, path, body);
  return (await response.json()) as T;
}

async function send(method: string, path: string, body?: object, signal?: AbortSignal): Promise<Response> {
  const request: RequestInit = { method, redirect: "manual", cache: "no-store" };
  if (signal) request.signal = signal;
  if (body) {
    request.headers = { "content-type": "application/json" };
    request.body = JSON.stringify(body);
  }
  const response = await fetch(path, request).catch((cause: unknown) => {
    if (signal?.aborted) throw cause;
    throw unreachable();
  });
  // The API never redirects: this is the sign-in proxy, which redirects to its login page.
  if (response.type === "opaqueredirect") throw signedOut();
  if (!response.ok) throw await problemFrom(response);
  return response;
}
