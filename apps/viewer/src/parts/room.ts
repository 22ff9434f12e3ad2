// How much room a matrix may take: the width of what holds it, and what is left of the height of the view.

import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

export interface Room {
  width: number;
  height: number;
}

/// Height that header, tabs, tools and time bar take of the window where the page scrolls as a whole.
const TAKEN = 300;
/// Below the matrix.
const MARGIN = 16;

/// Below this width what stands beside a matrix goes under it.
const NARROW = 760;

export function useRoom(frame: RefObject<HTMLElement | null>, beside: number): Room {
  const [room, set] = useState<Room>({ width: 600, height: 400 });
  useLayoutEffect(() => {
    // The holder is flexible and shrinks with its content, so the width is that of its parent.
    const holder = frame.current!.parentElement!;
    const main = holder.closest("main")!;
    const measure = () => {
      const width = holder.clientWidth - (holder.clientWidth > NARROW ? beside : 0);
      const above = frame.current!.getBoundingClientRect().top - main.getBoundingClientRect().top + main.scrollTop;
      const left =
        getComputedStyle(main).overflowY === "visible"
          ? window.innerHeight - TAKEN
          : main.clientHeight - above - MARGIN;
      const next = { width, height: Math.max(320, Math.floor(left)) };
      set((old) => (old.width === next.width && old.height === next.height ? old : next));
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(holder);
    watch.observe(main);
    window.addEventListener("resize", measure);
    return () => {
      watch.disconnect();
      window.removeEventListener("resize", measure);
    };
  }, []);
  return room;
}
