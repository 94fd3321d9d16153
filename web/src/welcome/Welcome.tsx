import type { Me } from "../api/types";
import { Icon } from "../ui/Icon";

/** Shown without sessions: what a session is, and how to start and use one. */
export function Welcome(props: { me: Me | undefined; onStart: () => void }) {
  const idle = () => (props.me ? `${props.me.limits.idleTimeoutMinutes} minutes without use` : "a while without use");
  return (
    <section class="welcome" aria-labelledby="welcome-title">
      <h2 id="welcome-title">You have no sessions yet</h2>
      <p class="lead">
        A session is your own opencode server for one repository and branch. It starts when you open it, stops after {idle()}
        , and keeps its files.
      </p>
      <ol class="welcome-steps">
        <li>
          <h3>Start</h3>
          <p>Enter a repository URL and a branch, or start a new project. You can add a first message for the agent.</p>
        </li>
        <li>
          <h3>Work</h3>
          <p>Open it here, or attach from a terminal. While the agent works, the session keeps running, even with every tab closed.</p>
        </li>
        <li>
          <h3>Come back</h3>
          <p>The same repository and branch always lead to the same session. Opening a stopped one wakes it.</p>
        </li>
      </ol>
      <button type="button" class="button primary large" onClick={() => props.onStart()}>
        <Icon name="plus" />
        Start your first session
      </button>
      <h3 class="ways-title">Two ways in</h3>
      <dl class="ways">
        <div>
          <dt>
            <Icon name="external" /> Browser
          </dt>
          <dd>“Open” leads to opencode’s own web page, at the session’s own address.</dd>
        </div>
        <div>
          <dt>
            <Icon name="terminal" /> Terminal
          </dt>
          <dd>
            <code>opencode attach &lt;address&gt; -p &lt;token&gt;</code>
            “Copy attach command” fills in both, with a fresh token.
          </dd>
        </div>
      </dl>
    </section>
  );
}
