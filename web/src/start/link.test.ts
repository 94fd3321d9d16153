import { describe, expect, test } from "vitest";
import type { Profile } from "../api/types";
import { fillFrom, type Filled, readLink, rowsFor } from "./link";
import { emptyDraft, requestOf } from "./validate";

const profiles: Profile[] = [
  { name: "small", title: "Small box" },
  { name: "large", title: "Large box" },
];

function filledBy(query: string, mine: Profile[] = profiles): Filled {
  const link = readLink(query);
  if (!link) throw new Error(`${query} fills nothing`);
  return fillFrom(link, mine);
}

const repository = (values: object) => ({ ...emptyDraft(), ...values });

test("every parameter fills its field", () => {
  const { draft, notes } = filledBy(
    "?repo=https%3A%2F%2Fgithub.com%2Fteam%2Fapp&branch=fix&from=main&profile=large&message=Fix+the%20test.%0ARun%20it.",
  );
  expect(draft).toEqual({
    kind: "repository",
    repoUrl: "https://github.com/team/app",
    branch: "fix",
    sourceBranch: "main",
    profile: "large",
    firstMessage: "Fix the test.\nRun it.",
  });
  expect(notes).toEqual([]);
});

describe("nothing is filled by", () => {
  test.each(["", "?", "?utm_source=x&Repo=a&__proto__=b&constructor=c", "?repo=&message=+%20%0A", "?repo"])("“%s”", (query) =>
    expect(readLink(query)).toBeUndefined(),
  );
});

test("unknown parameters are ignored", () => {
  expect(filledBy("?repo=team/app&start=true&kind=new-project").draft).toEqual(repository({ repoUrl: "team/app" }));
});

describe("encoding", () => {
  test.each([
    ["git+clone+https://x.org/a", "git clone https://x.org/a"],
    ["git%20clone%20https://x.org/a", "git clone https://x.org/a"],
    ["git@x.org:a/b%2Bc", "git@x.org:a/b+c"],
    ["https://x.org/%2561", "https://x.org/%61"],
    ["x.org/100%", "x.org/100%"],
    ["x.org/%C3%BC", "x.org/ü"],
    ["x.org/%FF", "x.org/\uFFFD"],
    ["%3Cb%3Ebold%3C/b%3E", "<b>bold</b>"],
  ])("%s", (encoded, repoUrl) => expect(filledBy(`?repo=${encoded}`).draft.repoUrl).toBe(repoUrl));
});

test("of duplicates the first counts, also an empty one", () => {
  const { draft } = filledBy("?repo=first&repo=second&branch=&branch=main");
  expect(draft).toEqual(repository({ repoUrl: "first" }));
});

test("without a repository it is a new project", () => {
  const { draft } = filledBy("?message=Make+a+game&repo=&branch=main");
  expect(draft.kind).toBe("new-project");
  expect(requestOf(draft)).toEqual({ initialMessage: "Make a game" });
});

describe("bounds", () => {
  test.each([
    ["repo", "repoUrl", 2048],
    ["branch", "branch", 255],
    ["from", "sourceBranch", 255],
    ["message", "firstMessage", 16384],
  ] as const)("of %s", (parameter, field, limit) => {
    expect(filledBy(`?${parameter}=${"a".repeat(limit)}`).draft[field]).toHaveLength(limit);
    const { draft, notes } = filledBy(`?${parameter}=${"a".repeat(limit + 1)}`);
    expect(draft[field]).toBe("");
    expect(notes).toEqual([expect.stringMatching(`^The link’s .* is left out: it is longer than ${limit} characters.$`)]);
  });

  test("of profile", () => {
    expect(filledBy(`?profile=${"a".repeat(63)}`).notes[0]).toContain("There is no profile");
    expect(filledBy(`?profile=${"a".repeat(64)}`).notes[0]).toContain("longer than 63 characters");
  });

  test("a repository that is left out still needs a repository", () => {
    expect(filledBy(`?repo=${"a".repeat(2049)}&branch=main`).draft).toEqual(repository({ branch: "main" }));
  });
});

test("an unknown profile is said, and not chosen", () => {
  const { draft, notes } = filledBy("?profile=huge");
  expect(draft.profile).toBe("");
  expect(notes).toEqual(["There is no profile “huge” for you. Another one is chosen below."]);
  expect(filledBy("?profile=small", []).notes).toEqual([
    "There is no profile “small” for you. The session starts without it.",
  ]);
});

describe("what a user would not see is left out", () => {
  test.each([
    ["tags", "Fix it\u{E0041}\u{E0042}"],
    ["zero width", "Fix\u200B it\u2060"],
    ["directions", "Fix\u202E it\u2066"],
    ["other variation selectors", "Fix it\u{E0100}\uFE00"],
    ["control characters", "Fix\u0000 it\u001B"],
    ["soft hyphens and separators", "Fix\u00AD\u2028 it"],
  ])("%s", (_, message) => {
    const { draft, notes } = filledBy(`?message=${encodeURIComponent(message)}`);
    expect(draft.firstMessage).toBe("Fix it");
    expect(notes).toEqual(["The link’s invisible characters are left out."]);
  });

  test("lines, tabs and emoji stay", () => {
    const { draft, notes } = filledBy(`?message=${encodeURIComponent("one\r\n\ttwo ❤️")}`);
    expect(draft.firstMessage).toBe("one\n\ttwo ❤️");
    expect(notes).toEqual([]);
  });

  test("a field of one line holds what it shows", () => {
    expect(filledBy("?repo=git+clone%0Ax.org/a%09b").draft.repoUrl).toBe("git clone x.org/a b");
  });
});

test("the message's field has room for a message, within bounds", () => {
  expect(["", "one", "1\n2\n3\n4", "a".repeat(200), "\n".repeat(99)].map(rowsFor)).toEqual([3, 3, 4, 5, 8]);
});

test("a message longer than its field is said", () => {
  const long = ["The first message is long. Read it to its end."];
  expect(filledBy(`?message=${"a%0A".repeat(7)}a`).notes).toEqual([]);
  expect(filledBy(`?message=Hello${"%0A".repeat(8)}unseen`).notes).toEqual(long);
  expect(filledBy(`?message=Hello${"+".repeat(400)}unseen`).notes).toEqual(long);
});
