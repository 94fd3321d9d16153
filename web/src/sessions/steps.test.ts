import { expect, test } from "vitest";
import type { PhaseName } from "../api/types";
import { sessionWith } from "./fixture";
import { stepsOf } from "./steps";

const repoUrl = "https://github.com/acme/web";
const inPhase = (name: PhaseName) => sessionWith({ repoUrl, phase: { name, since: "2026-01-01T12:00:00Z" } });
const words = (...given: Parameters<typeof stepsOf>) => stepsOf(...given).map(({ name, progress }) => `${name} ${progress}`);

test("the process runtime has no scheduling and pulling", () => {
  expect(words(inPhase("cloning"), "process", undefined)).toEqual([
    "pending done",
    "cloning current",
    "starting ahead",
    "ready ahead",
  ]);
});

test("the Kubernetes runtime has all steps", () => {
  expect(stepsOf(inPhase("pulling"), "kubernetes", undefined).map(({ progress }) => progress)).toEqual([
    "done",
    "done",
    "current",
    "ahead",
    "ahead",
    "ahead",
  ]);
});

test("a new project clones nothing", () => {
  const session = sessionWith({ phase: { name: "starting", since: "2026-01-01T12:00:00Z" } });
  expect(words(session, "process", undefined)).toEqual(["pending done", "starting current", "ready ahead"]);
});

test("a failure is shown at the step it was seen in, and at none when it was not seen", () => {
  expect(words(inPhase("failed"), "process", "cloning")[1]).toBe("cloning failed");
  expect(words(inPhase("failed"), "process", undefined).every((step) => step.endsWith("ahead"))).toBe(true);
});

test("when ready everything is done", () => {
  expect(words(inPhase("ready"), "process", undefined).every((step) => step.endsWith("done"))).toBe(true);
});
