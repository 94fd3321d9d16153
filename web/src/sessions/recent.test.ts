import { expect, test } from "vitest";
import { recentReposOf } from "./recent";

const used = (repoUrl: string | undefined, minute: number) => ({
  ...(repoUrl === undefined ? {} : { repoUrl }),
  lastActivityAt: `2026-01-01T00:0${minute}:00Z`,
});

test("each repository once, the one used last first", () => {
  expect(recentReposOf([used("a", 1), used("b", 2), used(undefined, 9), used("a", 3)])).toEqual(["a", "b"]);
});

test("only as many as can be looked over", () => {
  expect(recentReposOf(["a", "b", "c", "d", "e", "f"].map((url, minute) => used(url, minute)))).toEqual(["f", "e", "d", "c"]);
});
