import { createEffect, createSignal, For, Show } from "solid-js";
import type { PhaseName, Profile, Session } from "../api/types";
import { ActionProblem } from "../sessions/ActionProblem";
import { Actions, type Intents } from "../sessions/Actions";
import type { Commands } from "../sessions/commands";
import { Failure } from "../sessions/Failure";
import { Notices } from "../sessions/Notices";
import { nameOf } from "../sessions/naming";
import { OutdatedNotice } from "../sessions/OutdatedNotice";
import { isStarting, isStartingPhase } from "../sessions/state";
import { StatePill } from "../sessions/StatePill";
import { timingOf } from "../sessions/timing";
import { TrustQuestion } from "../sessions/TrustQuestion";
import { now } from "../time/clock";
import { Dialog } from "../ui/Dialog";
import { Icon } from "../ui/Icon";
import { Facts } from "./Facts";
import { Log } from "./Log";
import { ProfileChoice } from "./ProfileChoice";
import { Steps } from "./Steps";

interface DetailProps {
  session: Session;
  runtime: string | undefined;
  profiles: Profile[];
  lastStep: PhaseName | undefined;
  /** Notes on why and how this session was opened. */
  notes: string[];
  commands: Commands;
  intents: Intents;
  onClose: () => void;
}

/** One session with its progress and its log. */
export function Detail(props: DetailProps) {
  const [seenStarting, setSeenStarting] = createSignal(false);
  createEffect(() => {
    if (isStarting(props.session)) setSeenStarting(true);
  });
  const startShown = () => {
    const { name } = props.session.phase;
    if (name === "failed") return props.lastStep !== undefined && isStartingPhase(props.lastStep);
    return isStarting(props.session) || (seenStarting() && name === "ready");
  };
  const timing = () => (startShown() ? "" : timingOf(props.session, now()).text);

  return (
    <Dialog label={nameOf(props.session)} class="drawer" onClose={props.onClose}>
      <header class="drawer-header">
        <h2 id="detail-name">{nameOf(props.session)}</h2>
        <button type="button" class="button icon-only" aria-label="Close" onClick={() => props.onClose()}>
          <Icon name="close" />
        </button>
      </header>
      <p class="drawer-state">
        <StatePill session={props.session} />
        <span class="hint">{timing()}</span>
      </p>
      <For each={[...new Set([...props.notes, ...(props.session.notes ?? [])])]}>{(note) => <p class="note">{note}</p>}</For>
      <Show when={startShown()}>
        <Steps session={props.session} runtime={props.runtime} lastStep={props.lastStep} />
      </Show>
      <Failure session={props.session} intents={props.intents} besideLog />
      <TrustQuestion session={props.session} commands={props.commands} />
      <Notices session={props.session} />
      <OutdatedNotice session={props.session} commands={props.commands} />
      <Actions
        session={props.session}
        describedBy="detail-name"
        commands={props.commands}
        intents={props.intents}
        inDetail
      />
      <ActionProblem id={props.session.id} commands={props.commands} />
      <Show when={props.profiles.length > 0}>
        <ProfileChoice session={props.session} profiles={props.profiles} commands={props.commands} />
      </Show>
      <Facts session={props.session} />
      <Log session={props.session} />
    </Dialog>
  );
}
