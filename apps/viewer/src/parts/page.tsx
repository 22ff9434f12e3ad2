// The page: header, tabs, the current view, the time bar, the status line.

import { useEffect, useRef } from "preact/hooks";
import { VIEWS, type ViewName } from "../state/address.ts";
import { at, go } from "../state/app.ts";
import { Compare } from "../views/compare.tsx";
import { Head } from "../views/head.tsx";
import { Overview } from "../views/overview.tsx";
import { Roles } from "../views/roles.tsx";
import { RunView } from "../views/run.tsx";
import { Tokens } from "../views/tokens.tsx";
import { Dialogs } from "./dialogs.tsx";
import { Header } from "./header.tsx";
import { Notes } from "./notes.tsx";
import { TimeBar } from "./time_bar.tsx";

const TITLES: Record<ViewName, string> = {
  overview: "Overview",
  head: "Head",
  tokens: "Tokens",
  roles: "Roles",
  compare: "Compare",
  run: "Run",
};
const COMPONENTS: Record<ViewName, () => preact.ComponentChildren> = {
  overview: Overview,
  head: Head,
  tokens: Tokens,
  roles: Roles,
  compare: Compare,
  run: RunView,
};

function Tabs() {
  const list = useRef<HTMLDivElement>(null);
  useEffect(
    () => list.current!.querySelector("[aria-selected=true]")!.scrollIntoView({ block: "nearest", inline: "nearest" }),
    [at.value.v],
  );
  const turn = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const now = VIEWS.indexOf(at.value.v);
    const next = by ? (now + by + VIEWS.length) % VIEWS.length : { Home: 0, End: VIEWS.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    go({ v: VIEWS[next]! });
    (list.current!.children[next] as HTMLElement).focus();
  };
  return (
    <nav aria-label="Views">
      <div role="tablist" aria-label="Views" ref={list} onKeyDown={turn}>
        {VIEWS.map((name, i) => (
          <button
            key={name}
            role="tab"
            id={`hl-tab-${name}`}
            aria-selected={at.value.v === name}
            aria-controls="hl-view"
            tabIndex={at.value.v === name ? 0 : -1}
            onClick={() => go({ v: name })}
          >
            <kbd aria-hidden>{i + 1}</kbd>
            {TITLES[name]}
          </button>
        ))}
      </div>
    </nav>
  );
}

export function Page() {
  const View = COMPONENTS[at.value.v];
  return (
    <>
      <Header />
      <Tabs />
      <Notes />
      <main>
        <div role="tabpanel" id="hl-view" aria-labelledby={`hl-tab-${at.value.v}`}>
          <View />
        </div>
      </main>
      <footer class="timebar">
        <TimeBar />
      </footer>
      <Dialogs />
    </>
  );
}
