// A canvas of one pixel a cell, painted again when its map or the colours change.

import { useLayoutEffect, useRef } from "preact/hooks";
import type { HeadMap } from "../format/head_map.ts";
import { paint, type Look } from "../draw/paint.ts";

export function MapCanvas({ map, look, class: name }: { map: HeadMap; look: Look; class?: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => paint(canvas.current!, map, look), [map, look]);
  return <canvas ref={canvas} class={name} aria-hidden />;
}
