// Attacks of one session's page, through its user's browser, on the router and on the user's other sessions.
import assert from "node:assert/strict";
import { eventually, journey, profile, step } from "./support/journey.mjs";
import { createSession, inPhase, readSession, ROUTER } from "./support/router.mjs";

await journey(async (browser) => {
  const [hostile, victim] = await Promise.all([createSession({}), createSession({})]);
  const context = await profile(browser);
  await Promise.all([hostile, victim].map(({ id }) => inPhase(id, "ready")));
  const at = (path) => new URL(path, victim.url).href;

  const terminal = await step("a session's own page may use all of it", async () => {
    const own = await pageOf(context, victim);
    const address = await own.evaluate(newTerminal);
    assert.equal(await own.evaluate(connects, address), true);
    const next = await own.evaluate(newTerminal);
    await own.close();
    return next;
  });
  const { lastActivityAt } = await readSession(victim.id);

  const page = await pageOf(context, hostile);
  const statuses = new Map();
  page.on("response", (response) => statuses.set(response.url(), response.status()));
  /** The router's own answers to the attempts, because the browser may refuse them for other reasons. */
  const refusedByRouter = async (url, attempt) => {
    statuses.delete(url);
    const outcome = await attempt();
    await eventually(`an answer for ${url}`, () => statuses.has(url));
    assert.equal(statuses.get(url), 403, url);
    return outcome;
  };

  await step("it cannot read the API nor another session", async () => {
    for (const url of [new URL("/api/sessions", ROUTER).href, at("/session"), at("/site.webmanifest")]) {
      for (const credentials of ["omit", "include"]) {
        assert.equal(await page.evaluate(reads, { url, options: { credentials } }), "refused", url);
      }
      const options = { mode: "no-cors", credentials: "include" };
      await refusedByRouter(url, () => page.evaluate(reads, { url, options }));
    }
  });

  await step("it cannot make them do anything", async () => {
    const targets = [`/api/sessions/${victim.id}/stop`, `/api/sessions/${victim.id}/tokens`, "/api/sessions"];
    const urls = targets.map((path) => new URL(path, ROUTER).href);
    for (const url of [...urls, at("/session"), at("/global/dispose"), at("/.opencode-router/start")]) {
      const options = { method: "POST", mode: "no-cors", body: "{}", credentials: "include" };
      await refusedByRouter(url, () => page.evaluate(reads, { url, options }));
    }
  });

  await step("it cannot follow their events", async () => {
    const urls = [new URL("/api/sessions/stream", ROUTER).href, at("/global/event"), at("/.opencode-router/events")];
    for (const url of urls) {
      assert.equal(await page.evaluate(follows, url), false, url);
      await refusedByRouter(url, () => page.evaluate(reads, { url, options: { mode: "no-cors" } }));
    }
  });

  await step("it cannot open the other session's terminal, not even with a ticket", async () => {
    const failure = page.waitForEvent("websocket").then((socket) => socket.waitForEvent("socketerror"));
    assert.equal(await page.evaluate(connects, terminal), false);
    assert.match(await failure, /403/);
  });

  await step("it cannot show them in a frame", async () => {
    for (const url of [ROUTER.href, at("/")]) {
      await refusedByRouter(url, () => page.evaluate(frame, url));
    }
  });

  await step("it cannot send them a form", async () => {
    for (const url of [at("/session"), at("/.opencode-router/start"), new URL("/api/sessions", ROUTER).href]) {
      const sender = await pageOf(context, hostile);
      const [answer] = await Promise.all([
        sender.waitForResponse((response) => response.url() === url),
        sender.evaluate(sendForm, url),
      ]);
      assert.equal(answer.status(), 403, url);
      await sender.close();
    }
  });

  await step("the other session noticed nothing of it", async () => {
    const now = await readSession(victim.id);
    assert.equal(now.phase.name, "ready");
    assert.equal(now.lastActivityAt, lastActivityAt);
  });

  await step("a link to the router's page is just a link", async () => {
    await page.evaluate(link, ROUTER.href);
    await page.getByText("live", { exact: true }).waitFor();
  });
});

/** A page from a session's server without a security policy, as code in the session can serve it. */
async function pageOf(context, session) {
  const page = await context.newPage();
  const response = await page.goto(new URL("/global/health", session.url).href);
  assert.equal(response.status(), 200);
  assert.equal(response.headers()["content-security-policy"], undefined);
  return page;
}

// The code below runs in the page.

async function newTerminal() {
  const post = async (path) => {
    const headers = { "content-type": "application/json", "x-opencode-ticket": "1" };
    const answer = await fetch(path, { method: "POST", headers, body: "{}" });
    return answer.json();
  };
  const { id } = await post("/pty");
  const { ticket } = await post(`/pty/${id}/connect-token`);
  return `ws://${location.host}/pty/${id}/connect?cursor=0&ticket=${ticket}`;
}

/** Opens and closes it; resolves when it is closed. */
function connects(url) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    let opened = false;
    socket.onopen = () => {
      opened = true;
      socket.close();
    };
    socket.onclose = () => resolve(opened);
  });
}

function reads({ url, options }) {
  return fetch(url, options).then(
    (answer) => (answer.type === "opaque" ? "opaque" : "read"),
    () => "refused",
  );
}

function follows(url) {
  return new Promise((resolve) => {
    const events = new EventSource(url, { withCredentials: true });
    events.onopen = () => resolve(true);
    events.onerror = () => resolve(false);
  });
}

function frame(url) {
  const element = document.createElement("iframe");
  element.src = url;
  document.body.append(element);
}

function sendForm(url) {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: url, enctype: "text/plain" });
  document.body.append(form);
  form.submit();
}

function link(url) {
  const anchor = document.createElement("a");
  anchor.href = url;
  document.body.append(anchor);
  anchor.click();
}
