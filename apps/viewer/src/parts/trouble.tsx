// What stands in the place of data that are not there: still loading, or broken.

import type { ComponentChildren } from "preact";
import type { Loaded } from "../format/lazy.ts";

export function Trouble({ title, message }: { title: string; message: string }) {
  return (
    <div class="card trouble" role="alert">
      <h2>{title}</h2>
      <p>{message}</p>
    </div>
  );
}

/// Draws `children` of a value once it is there.
export function When<T>({ of, children }: { of: Loaded<T>; children: (value: T) => ComponentChildren }) {
  if (of.status === "loading") return <p class="loading">Decoding …</p>;
  if (of.status === "error") return <Trouble title="These data cannot be shown" message={of.message} />;
  return <>{children(of.value)}</>;
}
