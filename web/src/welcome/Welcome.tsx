import type { Me } from "../api/types";
import { Icon } from "../ui/Icon";

/** What someone sees who has no session: what one is, and how to get and use one. */
export function Welcome(props: { me: Me | undefined; onStart: () => void }) {
  const idle = () => (props.me ? `${props.me.limits.idleTimeoutMinutes} minutes without use` : "a while without use");
  return (
    <section class="welcome" aria-labelledby="welcome-title">
      <h2 id="welcome-title">You have no sessions yet</h2>
      <p class="lead">
        A session is an opencode server of your own for one repository and branch. It starts when you want it, stops after {idle()}
        , and keeps its files.
      </p>
      <ol class="welcome-steps">
        <li>
          <h3>Start</h3>
          <p>Give a repository URL and a branch, or begin a new project. You can leave the agent its first message right there.</p>
        </li>
        <li>
          <h3>Work</h3>
          <p>Open it here, or attach from a terminal. While the agent works the session keeps running, also with every tab closed.</p>
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
          <dd>“Open” leads to opencode’s own web page, at an address that belongs to the session alone.</dd>
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
