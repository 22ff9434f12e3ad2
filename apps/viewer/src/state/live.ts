// A page that is served while a run trains: fetches the manifest again whenever the server says that there is more.

import type { Live } from "../format/manifest.ts";
import { parse_manifest } from "../format/validate.ts";
import { at, go, note, show_manifest } from "./app.ts";

export function follow(live: Live): void {
  const events = new EventSource(live.events);
  let asking = false;
  let again = false;
  const refresh = async (): Promise<void> => {
    // One request at a time: a fast run must not pile them up.
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    try {
      const response = await fetch(live.manifest, { cache: "no-store" });
      if (!response.ok) throw new Error(`the server answers ${response.status}`);
      const next = parse_manifest(await response.text());
      // A server that was started again has its sections elsewhere.
      show_manifest({ ...next, live: next.live ?? live });
      go({ t: at.peek().t });
    } catch (error) {
      note(`The run could not be read again: ${(error as Error).message}`);
    }
    asking = false;
    if (again) {
      again = false;
      await refresh();
    }
  };
  events.addEventListener("changed", () => void refresh());
}
