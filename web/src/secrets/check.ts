const MOST_CHARACTERS = 128;

/** What is wrong with a name. The router checks again. */
export function problemOfName(name: string): string | undefined {
  if (name === "") return "Enter a name.";
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return "A name has letters, digits and underscores, and does not begin with a digit.";
  if (name.length > MOST_CHARACTERS) return `A name has at most ${MOST_CHARACTERS} characters. This one has ${name.length}.`;
  return undefined;
}

/** What is wrong with a value. `mostBytes` is unknown before the router has answered. */
export function problemOfValue(value: string, mostBytes: number | undefined, what = "value"): string | undefined {
  if (value === "") return `Enter a ${what}.`;
  const bytes = new TextEncoder().encode(value).length;
  if (mostBytes !== undefined && bytes > mostBytes) return `A ${what} has at most ${mostBytes} bytes. This one has ${bytes}.`;
  return undefined;
}
