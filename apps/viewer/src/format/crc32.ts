// CRC-32 as zlib and PNG compute it (polynomial 0xEDB88320, reflected), four bytes at a time.

const tables: Uint32Array[] = Array.from({ length: 4 }, () => new Uint32Array(256));
for (let n = 0; n < 256; ++n) {
  let c = n;
  for (let bit = 0; bit < 8; ++bit) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  tables[0]![n] = c;
}
for (let n = 0; n < 256; ++n) {
  for (let t = 1; t < 4; ++t) {
    const before = tables[t - 1]![n]!;
    tables[t]![n] = (before >>> 8) ^ tables[0]![before & 0xff]!;
  }
}
const [t0, t1, t2, t3] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];

export function crc32(bytes: Uint8Array): number {
  let c = ~0;
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    c ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    c = t3[c & 0xff]! ^ t2[(c >>> 8) & 0xff]! ^ t1[(c >>> 16) & 0xff]! ^ t0[c >>> 24]!;
  }
  for (; i < bytes.length; ++i) c = t0[(c ^ bytes[i]!) & 0xff]! ^ (c >>> 8);
  return ~c >>> 0;
}

/// Eight lower-case hexadecimal digits.
export function crc_text(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}
