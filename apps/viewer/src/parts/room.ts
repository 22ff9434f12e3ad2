// How much room a matrix may take: the width of what holds it, and the height of the window.

import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

export interface Room {
  width: number;
  height: number;
}

/// Height that header, tabs, tools and time bar take of the window.
const TAKEN = 300;

/// Below this width what stands beside a matrix goes under it.
const NARROW = 760;

export function useRoom(frame: RefObject<HTMLElement | null>, beside: number): Room {
  const [room, set] = useState<Room>({ width: 600, height: 400 });
  useLayoutEffect(() => {
    // The holder is flexible and shrinks with its content, so the width is that of its parent.
    const holder = frame.current!.parentElement!;
    const measure = () => {
      const width = holder.clientWidth - (holder.clientWidth > NARROW ? beside : 0);
      const next = { width, height: Math.max(320, window.innerHeight - TAKEN) };
      set((old) => (old.width === next.width && old.height === next.height ? old : next));
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(holder);
    window.addEventListener("resize", measure);
    return () => {
      watch.disconnect();
      window.removeEventListener("resize", measure);
    };
  }, []);
  return room;
}
