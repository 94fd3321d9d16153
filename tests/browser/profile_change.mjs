// A profile changes under a running session: the page says so, and a restart applies it.
import assert from "node:assert/strict";
import { complaintsOf, journey, please, profile, step } from "./support/journey.mjs";
import { control, createSession, inPhase, openRouter, readSession } from "./support/router.mjs";

const CHANGED = "Its profile changed since its start. Restart to apply.";

await journey(async (browser) => {
  const page = await openRouter(await profile(browser));
  const complaints = complaintsOf(page);
  const { id } = await createSession({});
  const row = control(page, "list", "Sessions").getByRole("listitem");
  const notice = row.getByText(CHANGED, { exact: true });
  const firstStart = (await inPhase(id, "ready")).phase.since;

  await step("the page says that a restart would change something", async () => {
    assert.equal(await notice.count(), 0);
    await please("change the profile");
    await notice.waitFor();
    assert.equal((await readSession(id)).phase.since, firstStart, "the session runs on");
  });

  await step("its button restarts the session, and the notice is gone", async () => {
    await control(row, "button", "Restart").click();
    await notice.waitFor({ state: "detached" });
    const { phase, outdated } = await inPhase(id, "ready");
    assert.notEqual(phase.since, firstStart);
    assert.equal(outdated, undefined);
  });
  assert.deepEqual(complaints, []);
});
