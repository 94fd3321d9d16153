import { For, Show } from "solid-js";
import type { PhaseName, Session } from "../api/types";
import { ClonePercent } from "../sessions/ClonePercent";
import { stateLabel } from "../sessions/state";
import { type Progress, stepsOf } from "../sessions/steps";
import { now } from "../time/clock";
import { formatDuration } from "../time/duration";

interface StepsProps {
  session: Session;
  runtime: string | undefined;
  lastStep: PhaseName | undefined;
}

const IN_WORDS: Record<Progress, string> = { done: "done", current: "now", failed: "failed here", ahead: "to come" };

/** The progress of the start, in the phases that the router reports. */
export function Steps(props: StepsProps) {
  const phase = () => props.session.phase;
  const elapsed = () => formatDuration(now() - Date.parse(phase().since));
  return (
    <div class="steps">
      <ol aria-label="Progress">
        <For each={stepsOf(props.session, props.runtime, props.lastStep)}>
          {(step) => (
            <li data-progress={step.progress} aria-current={step.progress === "current" ? "step" : undefined}>
              <span class="step-mark" />
              <span>{step.progress === "current" ? stateLabel(props.session) : step.name}</span>
              <span class="for-screen-reader">, {IN_WORDS[step.progress]}</span>
            </li>
          )}
        </For>
      </ol>
      <ClonePercent phase={phase()} />
      <Show when={phase().name !== "failed" && phase().name !== "ready"}>
        <p class="steps-message">
          <span>{phase().message ?? ""}</span>
          <span class="hint">{elapsed()}</span>
        </p>
      </Show>
    </div>
  );
}
