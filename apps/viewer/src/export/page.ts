// The page itself as a file again, which opens as it is shown now.

/// Everything but what was drawn: sections and the manifest are still in the document.
export function page_source(root: Document, hash: string): string {
  const copy = root.documentElement.cloneNode(true) as HTMLElement;
  copy.querySelector("#hl-page")!.replaceChildren();
  copy.querySelector("body")!.removeAttribute("data-ready");
  copy.removeAttribute("data-theme");
  if (hash === "") copy.removeAttribute("data-saved");
  else copy.dataset["saved"] = hash;
  // No line break at the end: a parser would move it into the body, and each saving would add one.
  return `<!doctype html>\n${copy.outerHTML}`;
}
