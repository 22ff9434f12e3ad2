// The current head over training as a GIF: the picture of the head view at every snapshot.

import { mixed, word } from "../colour/tables.ts";
import { BAD_COLOUR, table_of, type Look } from "../draw/paint.ts";
import { run } from "../state/app.ts";
import { speed } from "../state/player.ts";
import { Gif } from "./gif.ts";
import { label_width } from "./matrix_scene.ts";
import { head_scene, matrix_at } from "./picture.ts";
import { palette_now, type Palette } from "./scene.ts";
import { draw_scene } from "./scene_canvas.ts";

/// Colours of the map (an odd number, so that the middle of a map of differences is one), of text on paper, and of marks.
const [OF_MAP, OF_TEXT] = [225, 20];
/// How long the last snapshot stays, in hundredths of a second.
const AT_END = 200;

function gif_palette(look: Look, palette: Palette): number[] {
  const table = table_of(look);
  const { paper, ink, line, hatch, hatch_back, good, bad } = palette;
  return [
    ...Array.from({ length: OF_MAP }, (_, i) => table[Math.round((i / (OF_MAP - 1)) * (table.length - 1))]!),
    ...Array.from({ length: OF_TEXT }, (_, i) => mixed(word(paper), word(ink), i / (OF_TEXT - 1))),
    ...[line, hatch, hatch_back, good, bad, "#ffffff"].map(word),
    BAD_COLOUR,
  ];
}

/// Finds the index of the nearest colour; each colour is looked for once.
function nearest_in(colours: number[]): (wanted: number) => number {
  const known = new Map<number, number>();
  const find = (wanted: number) => {
    let [best, least] = [0, Infinity];
    colours.forEach((colour, i) => {
      const away = [0, 8, 16].reduce((sum, s) => sum + (((colour >> s) & 255) - ((wanted >> s) & 255)) ** 2, 0);
      if (away < least) [best, least] = [i, away];
    });
    return best;
  };
  return (wanted) => {
    let found = known.get(wanted);
    if (found === undefined) known.set(wanted, (found = find(wanted)));
    return found;
  };
}

/// The file; `tell` hears after each frame how many are done. Lets the page breathe between frames.
export async function training_gif(tell: (done: number, all: number) => void): Promise<Uint8Array> {
  const { steps } = run.value;
  const pictures = steps.map((_, nth) => matrix_at(nth, "softmax"));
  if (pictures.length === 0) throw new Error("This run has no snapshots.");
  // Cells stay where they are while the words beside them change.
  const room = Math.max(...pictures.map(label_width));
  const scenes = pictures.map((picture, nth) => head_scene({ ...picture, room }, steps[nth]!));
  const width = Math.max(...scenes.map((scene) => scene.width));
  const height = Math.max(...scenes.map((scene) => scene.height));
  const colours = gif_palette(pictures[0]!.look, palette_now());
  const nearest = nearest_in(colours);
  const gif = new Gif(width, height, colours);
  for (const [nth, scene] of scenes.entries()) {
    const canvas = draw_scene({ ...scene, width, height }, 1);
    const words = new Uint32Array(canvas.getContext("2d")!.getImageData(0, 0, width, height).data.buffer);
    gif.frame(Uint8Array.from(words, nearest), nth === steps.length - 1 ? AT_END : Math.round(100 / speed.value));
    tell(nth + 1, steps.length);
    await new Promise((done) => setTimeout(done));
  }
  return gif.done();
}
