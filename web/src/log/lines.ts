/** Splits chunks of any size into lines of plain text. Keeps the last `limit` lines. */
export class LogLines {
  private done: string[] = [];
  private open = "";

  constructor(private readonly limit = 3000) {}

  add(text: string): void {
    const pieces = (this.open + text).split("\n");
    this.open = pieces.pop() ?? "";
    for (const piece of pieces) this.done.push(asShown(piece));
    if (this.done.length > this.limit) this.done.splice(0, this.done.length - this.limit);
  }

  get text(): string {
    const last = asShown(this.open);
    return last === "" ? this.done.join("\n") : [...this.done, last].join("\n");
  }
}

// oxlint-disable-next-line no-control-regex -- terminal sequences begin with a control character
const TERMINAL_SEQUENCE = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)|[@-Z\\-_])/g;

/** The line as a terminal would show it: no colour codes, and only the last state of overwritten progress. */
function asShown(line: string): string {
  const plain = line.replace(TERMINAL_SEQUENCE, "").replace(/\r+$/, "");
  return plain.slice(plain.lastIndexOf("\r") + 1);
}
