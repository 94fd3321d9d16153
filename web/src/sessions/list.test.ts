import { describe, expect, test } from "vitest";
import type { PhaseName, Session } from "../api/types";
import { matches } from "./filter";
import { sessionWith } from "./fixture";
import { inOrder, keepOrder } from "./order";
import { stateLabel } from "./state";

const inPhase = (name: PhaseName): Session["phase"] => ({ name, since: "2026-01-01T12:00:00Z" });
const ids = (sessions: Session[]) => sessions.map(({ id }) => id);

describe("order", () => {
  const stopped = sessionWith({ id: "stopped", phase: inPhase("stopped") });
  const failed = sessionWith({ id: "failed", phase: inPhase("failed") });
  const cloning = sessionWith({ id: "cloning", phase: inPhase("cloning") });
  const older = sessionWith({ id: "older", lastActivityAt: "2026-01-01T10:00:00Z" });
  const newer = sessionWith({ id: "newer" });
  const busy = sessionWith({ id: "busy", busy: true });
  const asking = sessionWith({ id: "asking", busy: true, needsInput: true });

  test("what waits for the user comes first, what rests comes last", () => {
    const mixed = [stopped, older, failed, cloning, busy, newer, asking];
    expect(ids(inOrder(mixed))).toEqual(["asking", "busy", "newer", "older", "cloning", "failed", "stopped"]);
  });

  test("while rows are held, they stay, gone ones leave and new ones come last", () => {
    const shown = ["stopped", "gone", "busy"];
    expect(ids(keepOrder([asking, busy, stopped], shown))).toEqual(["stopped", "busy", "asking"]);
  });
});

describe("filter", () => {
  const session = sessionWith({ title: "Fix the login", repoUrl: "git@github.com:acme/web.git", branch: "feature/login" });

  test.each(["", "  ", "LOGIN", "acme fix", "github.com/acme/web", "feature/ ready"])("%j is found", (typed) =>
    expect(matches(session, typed)).toBe(true),
  );

  test("every word has to match", () => expect(matches(session, "login logout")).toBe(false));
});

describe("state label", () => {
  test("shows the clone's percentage", () => {
    expect(stateLabel(sessionWith({ phase: { ...inPhase("cloning"), percent: 41.6 } }))).toBe("cloning 42 %");
    expect(stateLabel(sessionWith({ phase: inPhase("cloning") }))).toBe("cloning");
  });

  test("busy and needs input only count while ready", () => {
    expect(stateLabel(sessionWith({ busy: true, needsInput: true }))).toBe("needs input");
    expect(stateLabel(sessionWith({ busy: true, phase: inPhase("stopped") }))).toBe("stopped");
  });
});
