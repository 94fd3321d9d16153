import type { PhaseName, Session } from "../api/types";

export type Progress = "done" | "current" | "failed" | "ahead";

export interface Step {
  name: PhaseName;
  progress: Progress;
}

/** The phases that this runtime reports until ready, and the session's progress in them. */
export function stepsOf(session: Session, runtime: string | undefined, lastStep: PhaseName | undefined): Step[] {
  const names = stepNames(session, runtime);
  const failed = session.phase.name === "failed";
  const at = names.indexOf((failed ? lastStep : session.phase.name) ?? "failed");
  return names.map((name, index) => ({ name, progress: progressAt(index, at, failed, session.phase.name === "ready") }));
}

function stepNames(session: Session, runtime: string | undefined): PhaseName[] {
  const clones = session.repoUrl !== undefined || session.phase.name === "cloning";
  const inCluster = runtime === "kubernetes" || session.phase.name === "scheduling" || session.phase.name === "pulling";
  return [
    "pending",
    ...(inCluster ? (["scheduling", "pulling"] as const) : []),
    ...(clones ? (["cloning"] as const) : []),
    "starting",
    "ready",
  ];
}

function progressAt(index: number, at: number, failed: boolean, ready: boolean): Progress {
  if (ready || index < at) return "done";
  if (index > at) return "ahead";
  return failed ? "failed" : "current";
}
