/** An answer of the API that is not a success, or no answer at all, in a sentence for a person. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    /** The HTTP status; 0 when there was no answer. */
    readonly status: number,
    sentence: string,
  ) {
    super(sentence);
  }

  /** The sign-in in front of the router has ended; only loading the page again helps. */
  get signedOut(): boolean {
    return this.status === 401;
  }
}

export const unreachable = () =>
  new Problem(0, "The router did not answer. Check your connection, then try again; nothing you typed is lost.");

export const signedOut = () => new Problem(401, "Your sign-in has ended. Load this page again to sign in.");

/** Reads `application/problem+json`, and makes do when a proxy in between answered something else. */
export async function problemFrom(response: Response): Promise<Problem> {
  if (response.status === 401) return signedOut();
  return new Problem(response.status, (await sentenceIn(response)) ?? `The router answered with status ${response.status}.`);
}

async function sentenceIn(response: Response): Promise<string | undefined> {
  if (!response.headers.get("content-type")?.includes("json")) return undefined;
  try {
    const body: unknown = await response.json();
    return textField(body, "detail") ?? textField(body, "title");
  } catch {
    return undefined;
  }
}

function textField(body: unknown, field: string): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const value: unknown = Reflect.get(body, field);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The sentence to show for anything that was thrown. */
export function sentenceOf(thrown: unknown): string {
  return thrown instanceof Problem ? thrown.message : "Something went wrong in this page. Load it again and try once more.";
}
