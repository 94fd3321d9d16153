import type { Profile } from "../api/types";
import { type Draft, emptyDraft } from "./validate";

/** What the address of the page asks the dialog to show. Anybody can write such a link. */
export interface Link {
  values: Partial<Record<LinkField, string>>;
  /** Parameters that were too long. */
  tooLong: Parameter[];
  /** Whether characters were removed that nobody would see. */
  hadInvisible: boolean;
}

type LinkField = Exclude<keyof Draft, "kind">;

const PARAMETERS = {
  repo: { field: "repoUrl", name: "repository", limit: 2048 },
  branch: { field: "branch", name: "branch", limit: 255 },
  from: { field: "sourceBranch", name: "branch to start from", limit: 255 },
  profile: { field: "profile", name: "profile", limit: 63 },
  message: { field: "firstMessage", name: "first message", limit: 16384 },
} as const satisfies Record<string, { field: LinkField; name: string; limit: number }>;

type Parameter = keyof typeof PARAMETERS;

// A field hides them, but the agent would read them. Emoji need U+FE0F.
const INVISIBLE = /(?!\uFE0F)[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Zl}\p{Zp}]|(?![\n\t])\p{Cc}/gu;
const LINE_BREAKS = /[\n\t]+/g;

/** Reads the query of an address. Undefined if it fills nothing. */
export function readLink(query: string): Link | undefined {
  const parameters = new URLSearchParams(query);
  const link: Link = { values: {}, tooLong: [], hadInvisible: false };
  for (const parameter of Object.keys(PARAMETERS) as Parameter[]) {
    const { field, limit } = PARAMETERS[parameter];
    const given = (parameters.get(parameter) ?? "").replaceAll("\r\n", "\n");
    if (given.length > limit) {
      link.tooLong.push(parameter);
      continue;
    }
    const seen = given.replace(INVISIBLE, "");
    link.hadInvisible ||= seen !== given;
    const value = (field === "firstMessage" ? seen : seen.replace(LINE_BREAKS, " ")).trim();
    if (value !== "") link.values[field] = value;
  }
  return Object.keys(link.values).length + link.tooLong.length > 0 ? link : undefined;
}

export interface Filled {
  draft: Draft;
  /** What the user should know of the link, as sentences. */
  notes: string[];
}

/** The dialog's fields as the link wants them, as far as this user can have them. */
export function fillFrom(link: Link, profiles: Profile[]): Filled {
  const { profile = "", ...values } = link.values;
  const known = profiles.some(({ name }) => name === profile);
  const hasRepository = "repoUrl" in values || link.tooLong.includes("repo");
  const draft: Draft = {
    ...emptyDraft(),
    ...values,
    kind: hasRepository ? "repository" : "new-project",
    profile: known ? profile : "",
  };
  const notes = link.tooLong.map((parameter) => {
    const { name, limit } = PARAMETERS[parameter];
    return `The link’s ${name} is left out: it is longer than ${limit} characters.`;
  });
  if (profile !== "" && !known) notes.push(`There is no profile “${profile}” for you. ${instead(profiles)}`);
  if (link.hadInvisible) notes.push("The link’s invisible characters are left out.");
  if (rowsOf(draft.firstMessage) > MOST_ROWS) notes.push("The first message is long. Read it to its end.");
  return { draft, notes };
}

const instead = (profiles: Profile[]) =>
  profiles.length > 1 ? "Another one is chosen below." : "The session starts without it.";

const MOST_ROWS = 8;
/** Of a row on a phone. */
const CHARACTERS = 40;

/** The height of the field for a link's message. */
export const rowsFor = (message: string) => Math.min(Math.max(rowsOf(message), 3), MOST_ROWS);

const rowsOf = (message: string) =>
  message.split("\n").reduce((rows, line) => rows + Math.max(Math.ceil(line.length / CHARACTERS), 1), 0);
