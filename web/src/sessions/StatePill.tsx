import type { Session } from "../api/types";
import { isStarting, stateLabel, stateOf } from "./state";

export function StatePill(props: { session: Session }) {
  const look = () => (isStarting(props.session) ? "starting" : stateOf(props.session).replace(" ", "-"));
  return (
    <span class="pill" data-state={look()}>
      <span class="pill-dot" />
      {stateLabel(props.session)}
    </span>
  );
}
