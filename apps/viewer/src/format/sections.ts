// Sections: base64 text in a script element, or bytes from a server, to checked bytes.

import { crc32, crc_text } from "./crc32.ts";

export class SectionError extends Error {}

/// The bytes of section `index`; `what` names it in messages, such as "dec.cross, probe 2".
export type ReadSection = (index: number, what: string) => Promise<Uint8Array>;

function from_base64(text: string): Uint8Array {
  const native = (Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array }).fromBase64;
  if (native) return native.call(Uint8Array, text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; ++i) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/// Inflates into a buffer of the announced size: no second copy, and a stream that is too long ends early.
async function inflate(packed: Uint8Array, size: number): Promise<Uint8Array> {
  const stream = new DecompressionStream("deflate");
  // Written to directly: the stream of a Blob goes through another process of the browser, which takes far longer than
  // inflating. What fails on this side fails on the reader's too, which reports it.
  const writer = stream.writable.getWriter();
  writer.write(packed as BufferSource).catch(() => {});
  writer.close().catch(() => {});
  const reader = stream.readable.getReader();
  const bytes = new Uint8Array(size);
  let used = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (used + value.length > size) throw new Error(`more than the ${size} bytes announced`);
    bytes.set(value, used);
    used += value.length;
  }
  if (used !== size) throw new Error(`${used} bytes, not the ${size} announced`);
  return bytes;
}

export interface SectionText {
  text: string;
  enc: string;
  raw: number;
  crc: string;
}

function fail(index: number, what: string, reason: string): never {
  throw new SectionError(
    `Section ${index} (${what}) cannot be read: ${reason}. The file was cut or changed; ` +
      "make it again with headlight view.",
  );
}

export function check_crc(index: number, what: string, bytes: Uint8Array, wanted: string): void {
  const found = crc_text(crc32(bytes));
  if (found !== wanted) fail(index, what, `its checksum is ${found}, not ${wanted}`);
}

export async function decode_section(index: number, what: string, section: SectionText): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    const packed = from_base64(section.text);
    bytes = section.enc === "none" ? packed : await inflate(packed, section.raw);
  } catch (error) {
    fail(index, what, (error as Error).message);
  }
  if (bytes.length !== section.raw) fail(index, what, `it has ${bytes.length} bytes, not ${section.raw}`);
  check_crc(index, what, bytes, section.crc);
  return bytes;
}

/// Reads sections out of the page itself.
export function page_sections(root: Document): ReadSection {
  return async (index, what) => {
    const element = root.getElementById(`hl-s${index}`);
    if (!element) fail(index, what, "it is not in the file");
    const data = element.dataset;
    return decode_section(index, what, {
      text: element.textContent ?? "",
      enc: data["enc"] ?? "",
      raw: Number(data["raw"]),
      crc: data["crc"] ?? "",
    });
  };
}

/// Reads sections from a server; numbers are never reused for other bytes, so a browser may keep them.
export function server_sections(address: string): ReadSection {
  return async (index, what) => {
    const response = await fetch(address + index);
    if (!response.ok) throw new SectionError(`Section ${index} (${what}): the server answers ${response.status}.`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const crc = response.headers.get("X-Headlight-Crc");
    if (crc) check_crc(index, what, bytes, crc);
    return bytes;
  };
}
