import { expect, test } from "vitest";
import type { Session } from "../api/types";
import { sessionWith } from "../sessions/fixture";
import { earlierText, restartLabel, runningEarlier } from "./earlier";

const earlier = (id: string, changes: Partial<Session> = {}) => sessionWith({ id, outdated: ["keys"], ...changes });
const phase = (name: Session["phase"]["name"]) => ({ phase: { name, since: "2026-01-01T12:00:00Z" } });

test("only running sessions with earlier keys count, and those in a turn are apart", () => {
  const { free, inATurn } = runningEarlier([
    sessionWith(),
    sessionWith({ outdated: ["image"] }),
    earlier("ready", { outdated: ["image", "keys"] }),
    earlier("starting", phase("starting")),
    earlier("stopped", phase("stopped")),
    earlier("stopping", phase("stopping")),
    earlier("busy", { busy: true }),
    earlier("asks", { needsInput: true }),
  ]);
  expect(free.map(({ id }) => id)).toEqual(["ready", "starting"]);
  expect(inATurn.map(({ id }) => id)).toEqual(["busy", "asks"]);
});

test("the sentence and the button", () => {
  expect(earlierText(1)).toBe("1 session runs with earlier keys.");
  expect(earlierText(2)).toBe("2 sessions run with earlier keys.");
  expect([restartLabel(1, 0), restartLabel(2, 0)]).toEqual(["Restart it", "Restart them"]);
  expect([restartLabel(1, 1), restartLabel(2, 1)]).toEqual(["Restart the idle one", "Restart the 2 idle ones"]);
});
