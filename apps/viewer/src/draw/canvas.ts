// What all that draws on canvases needs.

export const MONO = 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace';

/// A context of which one unit is a CSS pixel, on a canvas of `scale` pixels for each.
export function sized(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  scale = window.devicePixelRatio || 1,
): CanvasRenderingContext2D {
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d")!;
  context.scale(scale, scale);
  return context;
}

/// Puts words as colour tables have them into a canvas of that many pixels.
export function put_words(canvas: HTMLCanvasElement, words: Uint32Array, width: number, height: number): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const bytes = new Uint8ClampedArray(words.buffer as ArrayBuffer, words.byteOffset, words.byteLength);
  canvas.getContext("2d")!.putImageData(new ImageData(bytes, width, height), 0, 0);
}

/// The value of a colour variable of style/theme.css.
export function css_variable(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
