const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration in one or two units: "45 s", "12 min", "1 h 5 min", "3 d". */
export function formatDuration(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.floor(ms / SECOND))} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return twoUnits(ms, HOUR, "h", MINUTE, "min", 10);
  return twoUnits(ms, DAY, "d", HOUR, "h", 3);
}

/** Omits the small unit if it is zero, or if the big one is so large that it does not matter. */
function twoUnits(ms: number, big: number, bigName: string, small: number, smallName: string, enough: number): string {
  const bigs = Math.floor(ms / big);
  const smalls = Math.floor((ms % big) / small);
  return smalls === 0 || bigs >= enough ? `${bigs} ${bigName}` : `${bigs} ${bigName} ${smalls} ${smallName}`;
}

/** Remaining time, rounded up, so that "0 s" never appears early. */
export function formatTimeLeft(ms: number): string {
  if (ms < MINUTE) return formatDuration(Math.ceil(ms / SECOND) * SECOND);
  return formatDuration(Math.ceil(ms / MINUTE) * MINUTE);
}

export function formatAgo(ms: number): string {
  return ms < 5 * SECOND ? "just now" : `${formatDuration(ms)} ago`;
}
