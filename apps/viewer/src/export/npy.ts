// Arrays as numpy reads them: .npy version 1.0 (NEP 1), little-endian float32, row-major.

export function npy(values: Float32Array, shape: number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  // Magic, version and length take 10 bytes; all before the data is a multiple of 64 and ends with a newline.
  const padded = header.padEnd(Math.ceil((10 + header.length + 1) / 64) * 64 - 11) + "\n";
  const out = new Uint8Array(10 + padded.length + 4 * values.length);
  const view = new DataView(out.buffer);
  out.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  view.setUint16(8, padded.length, true);
  for (let i = 0; i < padded.length; ++i) out[10 + i] = padded.charCodeAt(i);
  values.forEach((value, i) => view.setFloat32(10 + padded.length + 4 * i, value, true));
  return out;
}
