// Pointer and touch on a matrix: a pointer hovers, a click locks; a tap hovers, a double tap locks, two fingers zoom.

import { useRef } from "preact/hooks";

export interface TouchActions {
  hover: (event: PointerEvent) => void;
  lock: (event: PointerEvent) => void;
  zoom: (by: number) => void;
}

const DOUBLE_TAP_MS = 350;

export function useTouch(actions: TouchActions) {
  const state = useRef({ fingers: new Map<number, { x: number; y: number }>(), spread: 0, tapped: 0 });
  const spread = () => {
    const [a, b] = [...state.current.fingers.values()];
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  };
  const end = (event: PointerEvent) => {
    state.current.fingers.delete(event.pointerId);
    state.current.spread = 0;
  };
  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.pointerType !== "touch") return;
      state.current.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      state.current.spread = spread();
      if (state.current.fingers.size > 1) return;
      actions.hover(event);
      const now = event.timeStamp;
      if (now - state.current.tapped < DOUBLE_TAP_MS) {
        actions.lock(event);
        state.current.tapped = 0;
      } else {
        state.current.tapped = now;
      }
    },
    onPointerMove: (event: PointerEvent) => {
      if (event.pointerType !== "touch") return actions.hover(event);
      const finger = state.current.fingers.get(event.pointerId);
      if (!finger) return;
      finger.x = event.clientX;
      finger.y = event.clientY;
      const now = spread();
      // In steps, so that a trembling finger does not redraw.
      if (state.current.spread > 0 && (now > 1.2 * state.current.spread || now < state.current.spread / 1.2)) {
        actions.zoom(now / state.current.spread);
        state.current.spread = now;
      }
    },
    onPointerUp: end,
    onPointerCancel: end,
    onClick: (event: MouseEvent) => {
      if ((event as PointerEvent).pointerType !== "touch") actions.lock(event as PointerEvent);
    },
  };
}
