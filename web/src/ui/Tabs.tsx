import { createSignal, createUniqueId, For, type JSX, Show } from "solid-js";

export interface Tab {
  name: string;
  panel: () => JSX.Element;
}

interface TabsProps {
  label: string;
  tabs: Tab[];
  /** The tab that is open at first. */
  first: number;
}

/** Tabs by the pattern of ARIA: arrow keys choose. A panel is made at its first visit, and then keeps what was typed. */
export function Tabs(props: TabsProps) {
  const id = createUniqueId();
  const [chosen, setChosen] = createSignal(props.first);
  const [visited, setVisited] = createSignal<ReadonlySet<number>>(new Set([props.first]));
  const buttons: HTMLButtonElement[] = [];

  function choose(index: number): void {
    setVisited((before) => new Set([...before, index]));
    setChosen(index);
  }

  function onKeyDown(event: KeyboardEvent): void {
    const last = props.tabs.length - 1;
    const next: Record<string, number> = {
      ArrowRight: chosen() === last ? 0 : chosen() + 1,
      ArrowLeft: chosen() === 0 ? last : chosen() - 1,
      Home: 0,
      End: last,
    };
    const index = next[event.key];
    if (index === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    choose(index);
    buttons[index]?.focus();
  }

  return (
    <>
      <div class="segments" role="tablist" aria-label={props.label}>
        <For each={props.tabs}>
          {(tab, index) => (
            <button
              type="button"
              role="tab"
              id={`${id}-tab-${index()}`}
              aria-controls={`${id}-panel-${index()}`}
              aria-selected={chosen() === index()}
              tabindex={chosen() === index() ? 0 : -1}
              ref={(element) => (buttons[index()] = element)}
              onKeyDown={onKeyDown}
              onClick={() => choose(index())}
            >
              {tab.name}
            </button>
          )}
        </For>
      </div>
      <For each={props.tabs}>
        {(tab, index) => (
          <div
            class="tab-panel"
            role="tabpanel"
            id={`${id}-panel-${index()}`}
            aria-labelledby={`${id}-tab-${index()}`}
            hidden={chosen() !== index()}
          >
            <Show when={visited().has(index())}>{tab.panel()}</Show>
          </div>
        )}
      </For>
    </>
  );
}
