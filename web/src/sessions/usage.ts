import type { Gauge, Session } from "../api/types";

/** A disk or memory that is close to its limit. */
export interface UsageWarning {
  level: "near" | "full";
  text: string;
}

/** What a running session's user must know before a prompt fails. Usually nothing. */
export function usageWarnings({ usage }: Pick<Session, "usage">): UsageWarning[] {
  const { disk, files, memory } = usage ?? {};
  return [
    ...warning(disk, (gauge) => `${full("Disk", gauge)}: ${left(gauge, formatBytes)} left. ${DELETE_FILES}`),
    ...warning(files, (gauge) => `${full("Disk", gauge)}: room for ${left(gauge, String)} files. ${DELETE_FILES}`),
    ...warning(memory, (gauge) => `Memory nearly used up: ${formatGauge(gauge)}. Programs may be ended.`),
  ];
}

const warning = (gauge: Gauge | undefined, text: (gauge: Gauge) => string): UsageWarning[] =>
  gauge === undefined || gauge.level === "ok" ? [] : [{ level: gauge.level, text: text(gauge) }];

const DELETE_FILES = "Delete files that you do not need.";

const full = (what: string, { level }: Gauge) => `${what} ${level === "full" ? "full" : "nearly full"}`;

const left = ({ free = 0, limit = 0 }: Gauge, format: (amount: number) => string) => `${format(free)} of ${format(limit)}`;

/** Bytes used, and the limit if there is one: "1.2 GiB of 10 GiB". */
export function formatGauge({ used, limit }: Gauge): string {
  return limit === undefined ? formatBytes(used) : `${formatBytes(used)} of ${formatBytes(limit)}`;
}

/** Bytes in MiB below 1 GiB: "512 MiB", "1.5 GiB", "12 GiB". */
export function formatBytes(bytes: number): string {
  const mib = bytes / 1024 ** 2;
  if (mib < 1024) return `${Math.floor(mib)} MiB`;
  const gib = mib / 1024;
  return `${gib < 10 ? Math.floor(gib * 10) / 10 : Math.floor(gib)} GiB`;
}
