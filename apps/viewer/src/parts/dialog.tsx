// A modal dialog: the browser's own, so that focus stays inside and Escape closes it.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

export function Dialog(props: { title: string; on_close: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => element.current!.showModal(), []);
  return (
    <dialog
      ref={element}
      aria-label={props.title}
      onClose={props.on_close}
      onClick={(event) => event.target === element.current && element.current!.close()}
    >
      <header>
        <h2>{props.title}</h2>
        <button class="icon" aria-label="Close" onClick={() => element.current!.close()}>
          ✕
        </button>
      </header>
      {props.children}
    </dialog>
  );
}
