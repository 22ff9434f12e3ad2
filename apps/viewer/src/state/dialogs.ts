// Which dialog is open.

import { signal } from "@preact/signals";

export type DialogName = "" | "export" | "help" | "colours";

export const dialog = signal<DialogName>("");

let opener: Element | null = null;

export function open_dialog(name: DialogName): void {
  opener = document.activeElement;
  dialog.value = name;
}

/// The focus goes back to where it was.
export function close_dialog(): void {
  dialog.value = "";
  if (opener instanceof HTMLElement) opener.focus();
}
