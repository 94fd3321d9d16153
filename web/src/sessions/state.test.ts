import { expect, test } from "vitest";
import { sessionWith } from "./fixture";
import { hasUnreadableHistory } from "./state";

test("only a session that failed for its history can start without it", () => {
  const since = "2026-01-01T12:00:00Z";
  expect(hasUnreadableHistory(sessionWith({ phase: { name: "failed", since, reason: "history-unreadable" } }))).toBe(true);
  expect(hasUnreadableHistory(sessionWith({ phase: { name: "failed", since, reason: "disk-full" } }))).toBe(false);
  expect(hasUnreadableHistory(sessionWith({ phase: { name: "starting", since, reason: "history-unreadable" } }))).toBe(false);
});
