import { expect, test } from "vitest";
import { LogLines } from "./lines";

function shown(...pieces: string[]): string {
  const lines = new LogLines(3);
  for (const piece of pieces) lines.add(piece);
  return lines.text;
}

test("lines are put together over pieces", () => expect(shown("one\ntw", "o\nthree")).toBe("one\ntwo\nthree"));

test("only the last lines are kept", () => expect(shown("1\n2\n3\n4\n5\n")).toBe("3\n4\n5"));

test("overwritten progress shows its last state", () => {
  expect(shown("Receiving: 1%\rReceiving: 50%\rReceiving: 100%\n")).toBe("Receiving: 100%");
  expect(shown("Receiving: 1%\rRecei", "ving: 2%\r")).toBe("Receiving: 2%");
});

test("line ends of Windows leave nothing behind", () => expect(shown("a\r\nb\r\n")).toBe("a\nb"));

test("terminal sequences are dropped, also when cut in two", () => {
  expect(shown("\u001B[32mok\u001B[0m \u001B]0;title\u0007done\n")).toBe("ok done");
  expect(shown("\u001B[3", "2mok\n")).toBe("ok");
});
