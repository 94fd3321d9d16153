import { expect, test } from "vitest";
import { sessionWith } from "./fixture";
import { timingOf } from "./timing";

const now = Date.parse("2026-01-01T13:00:00Z");
const text = (changes: Parameters<typeof sessionWith>[0]) => timingOf(sessionWith(changes), now).text;

test("counts down to the stop", () => {
  expect(text({ stopsAt: "2026-01-01T13:11:30Z", keptAliveBy: ["activity"] })).toBe("stops in 12 min");
  expect(text({ stopsAt: "2026-01-01T13:00:30Z" })).toBe("stops in 30 s");
  expect(text({ stopsAt: "2026-01-01T12:59:00Z" })).toBe("about to stop");
});

test("a stop within five minutes is marked", () => {
  expect(timingOf(sessionWith({ stopsAt: "2026-01-01T13:04:00Z" }), now).soon).toBe(true);
  expect(timingOf(sessionWith({ stopsAt: "2026-01-01T13:06:00Z" }), now).soon).toBe(false);
});

test("says what keeps it running", () => {
  expect(text({ busy: true, keptAliveBy: ["busy"] })).toBe("kept running: the agent is working");
  expect(text({ needsInput: true, keptAliveBy: ["needs-input"] })).toBe("kept running: waiting for your answer");
  expect(text({ keptAliveBy: ["open-request"] })).toBe("kept running: a request is open");
  expect(text({ keptAliveBy: ["processes"] })).toBe("kept running: a command or a background process works");
  expect(text({ busy: true, keptAliveBy: ["busy"], stopsAt: "2026-01-01T20:00:00Z" })).toBe(
    "kept running: the agent is working, at most 7 h more",
  );
});

test("says since when it rests", () => {
  expect(text({ phase: { name: "stopped", since: "2026-01-01T10:00:00Z" } })).toBe("stopped 3 h ago, files kept");
  expect(text({ phase: { name: "failed", since: "2026-01-01T12:50:00Z" } })).toBe("failed 10 min ago");
});

test("warns before the files go", () => {
  const rests = { name: "stopped", since: "2026-01-01T10:00:00Z" } as const;
  expect(timingOf(sessionWith({ phase: rests, deletedAt: "2026-01-01T19:00:00Z", deletedSoon: true }), now)).toEqual({
    text: "will be deleted in 6 h with its files; start it to keep them",
    soon: true,
  });
  expect(text({ phase: rests, deletedAt: "2026-02-01T19:00:00Z", deletedSoon: false })).toBe("stopped 3 h ago, files kept");
});

test("while it starts, the router's own words are shown", () => {
  expect(text({ phase: { name: "cloning", since: "2026-01-01T12:59:59Z", message: "Receiving objects" } })).toBe("Receiving objects");
  expect(text({ phase: { name: "pending", since: "2026-01-01T12:59:40Z" } })).toBe("for 20 s");
});
