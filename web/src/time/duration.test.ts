import { expect, test } from "vitest";
import { formatAgo, formatDuration, formatTimeLeft } from "./duration";

const s = 1000;
const min = 60 * s;
const h = 60 * min;
const d = 24 * h;

test.each([
  [-3 * s, "0 s"],
  [0, "0 s"],
  [45 * s + 900, "45 s"],
  [59 * s + 999, "59 s"],
  [min, "1 min"],
  [12 * min + 59 * s, "12 min"],
  [h, "1 h"],
  [h + 5 * min, "1 h 5 min"],
  [10 * h + 5 * min, "10 h"],
  [d + 2 * h, "1 d 2 h"],
  [3 * d + 2 * h, "3 d"],
])("%d ms is %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

test.each([
  [1, "1 s"],
  [59_001, "1 min"],
  [min + 1, "2 min"],
  [11 * min + 30 * s, "12 min"],
  [h - 1, "1 h"],
])("%d ms left is %s", (ms, text) => expect(formatTimeLeft(ms)).toBe(text));

test("ago", () => {
  expect(formatAgo(2 * s)).toBe("just now");
  expect(formatAgo(-9 * s)).toBe("just now");
  expect(formatAgo(3 * h)).toBe("3 h ago");
});
