import { describe, expect, test } from "vitest";
import { type Draft, emptyDraft, problemsOf, requestOf } from "./validate";

const draft = (changes: Partial<Draft>): Draft => ({ ...emptyDraft(), ...changes });
const repoUrl = "https://github.com/acme/web";

test("a repository is needed, in any copied form", () => {
  expect(problemsOf(draft({ repoUrl: " " })).repoUrl).toContain("New project");
  for (const copied of [repoUrl, "git@github.com:acme/web.git", "git clone https://github.com/acme/web", "github.com/a/b/tree/x"])
    expect(problemsOf(draft({ repoUrl: copied }))).toEqual({});
});

describe("branch", () => {
  test.each(["main", "feature/login-2", "release/1.0", "ümläut", "a@b"])("%s is accepted", (branch) =>
    expect(problemsOf(draft({ repoUrl, branch }))).toEqual({}),
  );

  test.each(["-x", "a b", "a..b", "a~1", "a^", "a:b", "x.lock", "/a", "a/", ".a", "a/.b", "a//b", "@", "a@{1}", "a."])(
    "%s is refused",
    (branch) => expect(problemsOf(draft({ repoUrl, branch })).branch).toBeDefined(),
  );

  test("a branch can be created from another one, also one that the address shows", () => {
    expect(problemsOf(draft({ repoUrl, branch: "new", sourceBranch: "main" }))).toEqual({});
    expect(problemsOf(draft({ repoUrl: `${repoUrl}/tree/new`, sourceBranch: "main" }))).toEqual({});
  });
});

describe("request", () => {
  test("holds what was filled in", () => {
    expect(requestOf(draft({ repoUrl: ` ${repoUrl} `, branch: "", firstMessage: "Hello" }))).toEqual({
      repoUrl,
      initialMessage: "Hello",
    });
  });

  test("a new project carries nothing of the repository typed before", () => {
    const typed = draft({ kind: "new-project", repoUrl: "typed before", branch: "a b", firstMessage: "Make a game" });
    expect(problemsOf(typed)).toEqual({});
    expect(requestOf(typed)).toEqual({ initialMessage: "Make a game" });
  });
});
