import { expect, test } from "vitest";
import type { Gauge } from "../api/types";
import { sessionWith } from "./fixture";
import { formatBytes, formatGauge, usageWarnings } from "./usage";

const MIB = 1024 ** 2;
const gauge = (used: number, limit: number, level: Gauge["level"]): Gauge => ({ used, limit, free: limit - used, level });

test("far from all limits, nothing is said", () => {
  expect(usageWarnings(sessionWith())).toEqual([]);
  expect(usageWarnings(sessionWith({ usage: { disk: gauge(1, 1000, "ok"), memory: { used: 5 * MIB, level: "ok" } } }))).toEqual([]);
});

test("near a limit, it says what is left and what to do", () => {
  const usage = {
    disk: gauge(1800 * MIB, 2048 * MIB, "near"),
    files: gauge(990, 1000, "full"),
    memory: gauge(1950 * MIB, 2048 * MIB, "near"),
  };
  expect(usageWarnings(sessionWith({ usage }))).toEqual([
    { level: "near", text: "Disk nearly full: 248 MiB of 2 GiB left. Delete files that you do not need." },
    { level: "full", text: "Disk full: room for 10 of 1000 files. Delete files that you do not need." },
    { level: "near", text: "Memory nearly used up: 1.9 GiB of 2 GiB. Programs may be ended." },
  ]);
});

test("bytes are short, and never rounded up", () => {
  expect([0, 1023.9 * MIB, 1024 * MIB, 1535 * MIB, 10239 * MIB, 20500 * MIB].map(formatBytes)).toEqual([
    "0 MiB",
    "1023 MiB",
    "1 GiB",
    "1.4 GiB",
    "9.9 GiB",
    "20 GiB",
  ]);
  expect(formatGauge({ used: 300 * MIB, level: "ok" })).toBe("300 MiB");
});
