import { Show } from "solid-js";
import { branchLabel } from "../sessions/naming";
import type { Gauge, Session } from "../api/types";
import { formatGauge } from "../sessions/usage";
import { now } from "../time/clock";
import { formatAgo } from "../time/duration";

/** The other details of a session. */
export function Facts(props: { session: Session }) {
  return (
    <dl class="facts">
      <Fact name="Repository" value={props.session.repoUrl} mono />
      <Fact name="Branch" value={branchLabel(props.session)} mono />
      <Fact name="Created from" value={props.session.sourceBranch} mono />
      <Fact name="Created" value={ago(props.session.createdAt)} />
      <Fact name="Last activity" value={ago(props.session.lastActivityAt)} />
      <Fact name="Disk" value={gauge(props.session.usage?.disk)} />
      <Fact name="Memory" value={gauge(props.session.usage?.memory)} />
      <Fact name="Address" value={props.session.url} mono />
    </dl>
  );
}

const gauge = (measured: Gauge | undefined) => measured && formatGauge(measured);

const ago = (time: string) => formatAgo(now() - Date.parse(time));

function Fact(props: { name: string; value: string | undefined; mono?: boolean }) {
  return (
    <Show when={props.value}>
      <div>
        <dt>{props.name}</dt>
        <dd classList={{ mono: props.mono ?? false }}>{props.value}</dd>
      </div>
    </Show>
  );
}
