import { expect, test } from "vitest";
import { problemsOfLogin } from "./check";

const draft = { server: "github.com", username: "", token: "abcd" };

test("a server and a token are enough", () => {
  expect(problemsOfLogin(draft, 4)).toEqual({});
  expect(problemsOfLogin({ server: " http://gitea:3000 ", username: "ann", token: " abcd\n" }, 4)).toEqual({});
});

test("a fault of each field has a sentence", () => {
  expect(problemsOfLogin({ server: " ", username: "a:b", token: " " }, 4)).toEqual({
    server: "Enter a server.",
    username: "A user name has no colon.",
    token: "Enter a token.",
  });
  expect(problemsOfLogin({ ...draft, server: "a b" }, 4).server).toMatch(/^Enter a host such as github.com/);
  expect(problemsOfLogin({ ...draft, token: "abcde" }, 4).token).toBe("A token has at most 4 bytes. This one has 5.");
  expect(problemsOfLogin({ ...draft, token: "abcde" }, undefined)).toEqual({});
});
