import { describe, expect, test } from "vitest";
import { problemOfName, problemOfValue } from "./check";

describe("name", () => {
  test.each(["ANTHROPIC_API_KEY", "_", "a1", "x".repeat(128)])("%s is accepted", (name) =>
    expect(problemOfName(name)).toBeUndefined(),
  );

  test.each(["1X", "A-B", "A B", "A=B", "A.B", "ÜBER", "A\n"])("%s is refused", (name) =>
    expect(problemOfName(name)).toContain("letters, digits and underscores"),
  );

  test("it is needed, and has a limit", () => {
    expect(problemOfName("")).toBe("Enter a name.");
    expect(problemOfName("x".repeat(129))).toBe("A name has at most 128 characters. This one has 129.");
  });
});

test("a value is needed, and its limit is in bytes", () => {
  expect(problemOfValue("", 4)).toBe("Enter a value.");
  expect(problemOfValue("abcd", 4)).toBeUndefined();
  expect(problemOfValue("äbcd", 4)).toBe("A value has at most 4 bytes. This one has 5.");
  expect(problemOfValue("äbcd", undefined)).toBeUndefined();
  expect(problemOfValue("", 4, "token")).toBe("Enter a token.");
});
