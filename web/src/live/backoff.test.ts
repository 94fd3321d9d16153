import { expect, test } from "vitest";
import { backoffDelay } from "./backoff";

test("the wait doubles and then stays at its limit", () => {
  const longest = [0, 1, 2, 3, 4, 5, 6, 60].map((attempt) => backoffDelay(attempt, () => 1));
  expect(longest).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
});

test("jitter spreads the wait over the upper half and never makes it zero", () => {
  expect(backoffDelay(3, () => 0)).toBe(2000);
  expect(backoffDelay(3, () => 0.5)).toBe(3000);
});
