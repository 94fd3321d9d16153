import { expect, test } from "vitest";
import { assignmentIn } from "./pasted";

test.each([
  ["NAME=value", "value"],
  [" export NAME=value\r\n", "value"],
  ['export NAME="bar baz"', "bar baz"],
  ["NAME='bar \"baz\" $x'", 'bar "baz" $x'],
  [String.raw`NAME="a \"b\" \\ \$c \n"`, String.raw`a "b" \ $c \n`],
  ["NAME = a=b==", "a=b=="],
  ["NAME=a b#c # the one for tests", "a b#c"],
  ['NAME="a # b" # the one for tests', "a # b"],
  ['NAME="first\nsecond"', "first\nsecond"],
  ['NAME="not closed', '"not closed'],
])("%s", (line, value) => expect(assignmentIn(line)).toEqual({ name: "NAME", value }));

test.each(["NAME", "NAME=", "1X=value", "sk-abc=", "A=1\nB=2", "https://example.org/?a=b"])(
  "%s is not one line with a value",
  (text) => expect(assignmentIn(text)).toBeUndefined(),
);
