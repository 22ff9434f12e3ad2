// Playing the snapshots of a run like a film.

import { signal } from "@preact/signals";
import { go_snapshot, playing, run, snapshot } from "./app.ts";

export const SPEEDS = [2, 4, 8, 16];
export const speed = signal(4);
export const loop = signal(false);

let timer = 0;

export function stop(): void {
  window.clearTimeout(timer);
  playing.value = false;
}

/// The next frame is asked for when the last is on the screen, so that a slow machine drops its rate and not the page.
function next(due: number): void {
  timer = window.setTimeout(
    () => {
      const count = run.peek().steps.length;
      const at_end = snapshot.peek() >= count - 1;
      if (at_end && !loop.peek()) return stop();
      go_snapshot(at_end ? 0 : snapshot.peek() + 1);
      if (!loop.peek() && snapshot.peek() >= count - 1) return stop();
      requestAnimationFrame(() => playing.peek() && next(Math.max(performance.now(), due + 1000 / speed.peek())));
    },
    Math.max(0, due - performance.now()),
  );
}

/// Starts, from the beginning where the end is shown; or stops.
export function toggle_play(): void {
  if (playing.peek()) return stop();
  if (run.peek().steps.length < 2) return;
  if (snapshot.peek() >= run.peek().steps.length - 1) go_snapshot(0);
  playing.value = true;
  next(performance.now() + 1000 / speed.peek());
}
