import { createMemo } from "solid-js";
import type { Session } from "../api/types";
import { now } from "../time/clock";
import { ActionProblem } from "./ActionProblem";
import { Actions, type Intents } from "./Actions";
import { ClonePercent } from "./ClonePercent";
import type { Commands } from "./commands";
import { Failure } from "./Failure";
import { Notices } from "./Notices";
import { nameOf } from "./naming";
import { OutdatedNotice } from "./OutdatedNotice";
import { stateOf } from "./state";
import { StatePill } from "./StatePill";
import { timingOf } from "./timing";
import { TrustQuestion } from "./TrustQuestion";
import { Where } from "./Where";

interface RowProps {
  session: Session;
  commands: Commands;
  intents: Intents;
}

export function Row(props: RowProps) {
  const nameId = () => `name-${props.session.id}`;
  const timing = createMemo(() => timingOf(props.session, now()), undefined, {
    equals: (before, after) => before.text === after.text && before.soon === after.soon,
  });
  return (
    <li class="row" data-state={stateOf(props.session).replace(" ", "-")} aria-labelledby={nameId()}>
      <div class="row-state">
        <StatePill session={props.session} />
      </div>
      <div class="row-text">
        <h3 id={nameId()} title={nameOf(props.session)}>
          {nameOf(props.session)}
        </h3>
        <Where session={props.session} />
        <p class="timing" classList={{ soon: timing().soon }}>
          {timing().text}
        </p>
        <ClonePercent phase={props.session.phase} />
      </div>
      <Actions session={props.session} describedBy={nameId()} commands={props.commands} intents={props.intents} />
      <div class="row-more">
        <Failure session={props.session} intents={props.intents} />
        <TrustQuestion session={props.session} commands={props.commands} />
        <Notices session={props.session} />
        <OutdatedNotice session={props.session} commands={props.commands} />
        <ActionProblem id={props.session.id} commands={props.commands} />
      </div>
    </li>
  );
}
