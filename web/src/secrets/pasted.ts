const ASSIGNMENT = /^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)$/s;
const COMMENT = String.raw`(?:\s+#.*)?$`;
const IN_DOUBLE_QUOTES = new RegExp(String.raw`^"((?:[^"\\]|\\.)*)"${COMMENT}`, "s");
const IN_SINGLE_QUOTES = new RegExp(`^'([^']*)'${COMMENT}`);
const WITHOUT_QUOTES = new RegExp(`^([^\\n]*?)${COMMENT}`);

/** The name and the value of a line of a shell or of an .env file, if the text is one such line. */
export function assignmentIn(text: string): { name: string; value: string } | undefined {
  const [, name, assigned] = ASSIGNMENT.exec(text.replaceAll("\r\n", "\n").trim()) ?? [];
  if (name === undefined || assigned === undefined) return undefined;
  const value = valueOf(assigned);
  return value ? { name, value } : undefined;
}

function valueOf(assigned: string): string | undefined {
  const double = IN_DOUBLE_QUOTES.exec(assigned)?.[1];
  if (double !== undefined) return double.replaceAll(/\\(["\\$`])/g, "$1");
  return (IN_SINGLE_QUOTES.exec(assigned) ?? WITHOUT_QUOTES.exec(assigned))?.[1];
}
