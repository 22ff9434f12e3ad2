// GIF89a (CompuServe 1990) of several frames: one palette for all, pixels that stay as they were are transparent, LZW.

/// Index of what shows the frame before; the palette has at most as many colours.
export const SAME = 255;

/// Codes of indices as bytes: variable-length codes of 9 to 12 bits, least significant bit first.
export function lzw(indices: Uint8Array): number[] {
  const [clear, end, most] = [256, 257, 4096];
  const out: number[] = [];
  // Code of a known string and one more byte; 0 where that is new.
  const table = new Uint16Array(most << 8);
  let next = end + 1;
  let size = 9;
  let bits = 0;
  let count = 0;
  const put = (code: number) => {
    bits |= code << count;
    for (count += size; count >= 8; count -= 8) {
      out.push(bits & 255);
      bits >>>= 8;
    }
  };
  put(clear);
  let string = indices[0]!;
  for (let i = 1; i < indices.length; ++i) {
    const longer = (string << 8) | indices[i]!;
    if (table[longer]) {
      string = table[longer]!;
      continue;
    }
    put(string);
    string = indices[i]!;
    if (next < most) {
      if (next === 1 << size) ++size;
      table[longer] = next++;
    } else {
      put(clear);
      table.fill(0);
      next = end + 1;
      size = 9;
    }
  }
  put(string);
  // A reader that has just learned its last code of this size reads the end with one bit more.
  if (next === 1 << size && size < 12) ++size;
  put(end);
  if (count > 0) out.push(bits & 255);
  return out;
}

export class Gif {
  private readonly bytes: number[] = [];
  private before: Uint8Array | undefined;

  /// `palette`: words as colour tables have them, red lowest.
  constructor(
    private readonly width: number,
    private readonly height: number,
    palette: ArrayLike<number>,
  ) {
    const colours = Array.from({ length: 256 }, (_, i) => palette[i] ?? 0);
    this.put("GIF89a", ...this.size(), 0xf7, 0, 0);
    for (const word of colours) this.put(word & 255, (word >> 8) & 255, (word >> 16) & 255);
    this.put(0x21, 0xff, 11, "NETSCAPE2.0", 3, 1, 0, 0, 0);
  }

  private put(...parts: (number | string)[]): void {
    for (const part of parts) {
      if (typeof part === "number") this.bytes.push(part);
      else for (const letter of part) this.bytes.push(letter.charCodeAt(0));
    }
  }

  private size(): number[] {
    return [this.width & 255, this.width >> 8, this.height & 255, this.height >> 8];
  }

  /// Shown for `hundredths` of a second.
  frame(indices: Uint8Array, hundredths: number): void {
    const { before } = this;
    const changed = before ? indices.map((index, i) => (index === before[i] ? SAME : index)) : indices;
    this.before = indices;
    this.put(0x21, 0xf9, 4, before ? 5 : 4, hundredths & 255, hundredths >> 8, SAME, 0);
    this.put(0x2c, 0, 0, 0, 0, ...this.size(), 0, 8);
    const codes = lzw(changed);
    for (let at = 0; at < codes.length; at += 255) {
      const block = codes.slice(at, at + 255);
      this.put(block.length, ...block);
    }
    this.put(0);
  }

  done(): Uint8Array {
    return Uint8Array.from([...this.bytes, 0x3b]);
  }
}
