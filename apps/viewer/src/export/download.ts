// Hands a file to the browser; works in a page opened from disk.

export function download(name: string, content: string | Uint8Array | Blob): void {
  const blob = content instanceof Blob ? content : new Blob([content as BlobPart]);
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads the blob after the click; a minute is more than enough.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/// A name for a file: letters, digits, points and dashes.
export function file_name(parts: (string | number)[], extension: string): string {
  const name = parts.map((part) =>
    String(part)
      .replace(/[^\p{L}\p{N}._-]+/gu, "-")
      .replace(/^-+|-+$/g, ""),
  );
  return `${name.filter(Boolean).join("-")}.${extension}`;
}
