/** An error response of the API, or no response, as a sentence for the user. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    /** The HTTP status; 0 when there was no answer. */
    readonly status: number,
    sentence: string,
  ) {
    super(sentence);
  }

  /** The sign-in in front of the router has ended. Only a reload helps. */
  get signedOut(): boolean {
    return this.status === 401;
  }
}

export const unreachable = () =>
  new Problem(0, "The router did not answer. Check your connection, then try again. Your input is not lost.");

export const signedOut = () => new Problem(401, "Your sign-in has ended. Reload this page to sign in.");

/** Reads `application/problem+json`. A proxy in between may have answered something else. */
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

/** The sentence to show for any thrown value. */
export function sentenceOf(thrown: unknown): string {
  return thrown instanceof Problem ? thrown.message : "Something went wrong in this page. Reload it and try again.";
}
