import { describe, expect, test } from "vitest";
import type { GitLogin, Phase } from "../api/types";
import { sessionWith } from "../sessions/fixture";
import { failedBefore, nameOfOrigin, originOf, originOfRepo, serverIn, serversWithoutLogin, serverThatAsks } from "./server";

describe("a pasted text", () => {
  test.each([
    ["https://github.com/o/r", "https://github.com"],
    [" https://GitHub.com/o/r/tree/main?a=b#c\n", "https://github.com"],
    ["https://ann:token@git.example.org:8443/o/r.git", "https://git.example.org:8443"],
    ["http://gitea:3000/o/r", "http://gitea:3000"],
    ["git@github.com:o/r", "github.com"],
    ["git@github.com:443/o/r", "github.com"],
    ["github.com:o/r.git", "github.com"],
    ["ssh://git@git.example.org:2222/o/r.git", "git.example.org"],
    ["github.com/o/r", "github.com"],
    ["git.example.org:8443/o/r", "git.example.org:8443"],
    ["git clone --depth 1 https://github.com/o/r.git here", "https://github.com"],
    ["git clone git@github.com:o/r.git", "github.com"],
  ])("%s has the server %s", (text, server) => expect(serverIn(text)).toBe(server));

  test.each(["github.com", "git.example.org:8443", "gitea", "https://github.com", "a b", "o/r", "./r", "file:///srv/r", ""])(
    "%s stays as it is",
    (text) => expect(serverIn(text)).toBe(text),
  );
});

describe("an origin", () => {
  test.each([
    ["github.com", "https://github.com"],
    ["GitHub.com:443", "https://github.com"],
    ["git.example.org:8443", "https://git.example.org:8443"],
    ["https://github.com/", "https://github.com"],
    ["http://gitea:3000", "http://gitea:3000"],
    ["[::1]:3000", "https://[::1]:3000"],
  ])("%s is %s", (server, origin) => expect(originOf(server)).toBe(origin));

  test.each(["", "a b", "a\\b", "github.com/o", "ann@github.com", "https://github.com?a", "ssh://github.com", "h:99999", "://"])(
    "%s is none",
    (server) => expect(originOf(server)).toBeUndefined(),
  );

  test("its name is without https", () => {
    expect(nameOfOrigin("https://github.com")).toBe("github.com");
    expect(nameOfOrigin("http://gitea:3000")).toBe("http://gitea:3000");
  });
});

const login = (origin: string, changedAt = "2026-01-01T12:00:00Z"): GitLogin => ({ origin, username: "git", changedAt });

test("a repository's server takes a login only over HTTP", () => {
  expect(originOfRepo("https://github.com/o/r")).toBe("https://github.com");
  expect(originOfRepo("http://gitea:3000/o/r")).toBe("http://gitea:3000");
  expect(originOfRepo("git@github.com:o/r")).toBeUndefined();
  expect(originOfRepo("ssh://git@github.com/o/r")).toBeUndefined();
  expect(originOfRepo(undefined)).toBeUndefined();
});

test("servers without a login are suggested, each once", () => {
  const urls = ["https://gitlab.com/o/r", "https://codeberg.org/o/r", "https://codeberg.org/o/s", "https://github.com/o/r"];
  const sessions = [...urls, "git@example.org:o/r", "http://gitea:3000/o/r"].map((repoUrl) => ({ repoUrl }));
  expect(serversWithoutLogin([...sessions, {}], [login("https://github.com")])).toEqual([
    "codeberg.org",
    "gitlab.com",
    "http://gitea:3000",
  ]);
});

describe("a session that failed for want of a login", () => {
  const repoUrl = "https://github.com/o/r";
  const phase: Phase = { name: "failed", reason: "repository-needs-credentials", since: "2026-01-01T12:00:00Z" };

  test("it says which server asks", () => {
    expect(serverThatAsks(sessionWith({ repoUrl, phase }))).toBe("https://github.com");
    expect(serverThatAsks(sessionWith({ repoUrl: "git@github.com:o/r", phase }))).toBeUndefined();
    expect(serverThatAsks(sessionWith({ repoUrl, phase: { ...phase, reason: "repository-not-found" } }))).toBeUndefined();
    expect(serverThatAsks(sessionWith({ repoUrl, phase: { ...phase, name: "cloning" } }))).toBeUndefined();
  });

  test("a login stored since then is worth another start", () => {
    const failed = sessionWith({ repoUrl, phase });
    const sessions = [failed, sessionWith({ repoUrl })];
    expect(failedBefore([login("https://github.com", "2026-01-01T12:00:01Z")], sessions)).toEqual([failed]);
    expect(failedBefore([login("https://github.com", "2026-01-01T11:59:59Z")], sessions)).toEqual([]);
    expect(failedBefore([login("https://gitlab.com", "2026-01-01T12:00:01Z")], sessions)).toEqual([]);
  });
});
