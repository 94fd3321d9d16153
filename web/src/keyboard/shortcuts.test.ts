import { expect, test } from "vitest";
import { type KeyPress, shortcutOf } from "./shortcuts";

const press = (key: string, changes: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  isComposing: false,
  ...changes,
});

test("letters and arrows", () => {
  expect(shortcutOf(press("n"))).toBe("new");
  expect(shortcutOf(press("/"))).toBe("filter");
  expect(shortcutOf(press("j"))).toBe("next");
  expect(shortcutOf(press("ArrowUp"))).toBe("previous");
  expect(shortcutOf(press("e"))).toBe("secrets");
  expect(shortcutOf(press("?"))).toBe("help");
});

test("other keys, and names of object members, are none", () => {
  expect(shortcutOf(press("x"))).toBeUndefined();
  expect(shortcutOf(press("toString"))).toBeUndefined();
});

test("the browser's own combinations are left to it", () => {
  expect(shortcutOf(press("n", { ctrlKey: true }))).toBeUndefined();
  expect(shortcutOf(press("k", { metaKey: true }))).toBeUndefined();
  expect(shortcutOf(press("n", { isComposing: true }))).toBeUndefined();
});
