import { expect, test } from "vitest";
import { branchLabel, nameOf, shortRepo, webAddress } from "./naming";

test.each([
  ["https://github.com/acme/web", "github.com/acme/web"],
  ["https://github.com/acme/web.git/", "github.com/acme/web"],
  ["git@github.com:acme/web.git", "github.com/acme/web"],
  ["ssh://git@git.example.org:2222/acme/web.git", "git.example.org/acme/web"],
  ["https://gitlab.example.org/a/b/c", "gitlab.example.org/a/b/c"],
  ["file:///srv/git/web.git", "/srv/git/web"],
  ["no url at all", "no url at all"],
  ["https://example.org/%zz", "https://example.org/%zz"],
])("%s is shown as %s", (url, short) => expect(shortRepo(url)).toBe(short));

test("a session is named by its title, its repository, or as a new project", () => {
  expect(nameOf({ title: " Fix it ", repoUrl: "https://github.com/acme/web" })).toBe("Fix it");
  expect(nameOf({ title: "  ", repoUrl: "https://github.com/acme/web.git" })).toBe("web");
  expect(nameOf({})).toBe("New project");
});

test("a default branch is marked, also before its name is known", () => {
  expect(branchLabel({ branch: "main", defaultBranch: false })).toBe("main");
  expect(branchLabel({ branch: "main", defaultBranch: true })).toBe("main (default)");
  expect(branchLabel({ branch: null, defaultBranch: true })).toBe("default branch");
  expect(branchLabel({ defaultBranch: false })).toBeUndefined();
});

test("only web addresses become links", () => {
  expect(webAddress("https://x-oc.example.org/")).toBe("https://x-oc.example.org/");
  expect(webAddress("http://x-oc.localhost:3000/")).toBe("http://x-oc.localhost:3000/");
  expect(webAddress("javascript:alert(1)")).toBeUndefined();
  expect(webAddress("data:text/html,x")).toBeUndefined();
  expect(webAddress("")).toBeUndefined();
});
