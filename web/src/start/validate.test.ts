import { describe, expect, test } from "vitest";
import { type Draft, emptyDraft, problemsOf, requestOf } from "./validate";

const draft = (changes: Partial<Draft>): Draft => ({ ...emptyDraft(), ...changes });
const repoUrl = "https://github.com/acme/web";

describe("repository URL", () => {
  test.each([
    repoUrl,
    "  https://github.com/acme/web.git  ",
    "https://user@bitbucket.org/acme/web.git",
    "ssh://git@git.example.org:2222/acme/web",
    "git@github.com:acme/web.git",
    "http://127.0.0.1:8080/web.git",
  ])("%s is accepted", (url) => expect(problemsOf(draft({ repoUrl: url }))).toEqual({}));

  test.each(["github.com", "https://", "two words", "ext::sh -c whoami", "-oProxyCommand=x@host:a/b", "https://a b/c"])(
    "%s is no repository URL",
    (url) => expect(problemsOf(draft({ repoUrl: url })).repoUrl).toContain("not a repository URL"),
  );

  test("missing", () => expect(problemsOf(draft({})).repoUrl).toContain("New project"));

  test("the short form is answered with the whole one", () =>
    expect(problemsOf(draft({ repoUrl: "acme/web" })).repoUrl).toContain("https://github.com/acme/web"));

  test("a secret in the URL is refused", () =>
    expect(problemsOf(draft({ repoUrl: "https://me:secret@github.com/a/b" })).repoUrl).toContain("token"));
});

describe("branch", () => {
  test.each(["main", "feature/login-2", "release/1.0", "ümläut", "a@b"])("%s is accepted", (branch) =>
    expect(problemsOf(draft({ repoUrl, branch }))).toEqual({}),
  );

  test.each(["-x", "a b", "a..b", "a~1", "a^", "a:b", "x.lock", "/a", "a/", ".a", "a/.b", "a//b", "@", "a@{1}", "a."])(
    "%s is refused",
    (branch) => expect(problemsOf(draft({ repoUrl, branch })).branch).toBeDefined(),
  );

  test("creating a branch needs its name", () => {
    expect(problemsOf(draft({ repoUrl, sourceBranch: "main" })).branch).toContain("to create");
    expect(problemsOf(draft({ repoUrl, branch: "new", sourceBranch: "main" }))).toEqual({});
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
