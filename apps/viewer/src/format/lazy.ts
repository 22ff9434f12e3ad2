// A value that is made when somebody first looks, and tells those who looked when it is there.

import { signal } from "@preact/signals";

export type Loaded<T> = { status: "loading" } | { status: "ready"; value: T } | { status: "error"; message: string };

/// The value, where it is there. Throws a sentence else.
export function need<T>(loaded: Loaded<T> | undefined): T {
  if (loaded?.status === "ready") return loaded.value;
  throw new Error(loaded?.status === "error" ? loaded.message : "The data are still being decoded; try again.");
}

export class Lazy<T> {
  private readonly state = signal<Loaded<T>>({ status: "loading" });
  private started = false;

  constructor(private readonly make: () => Promise<T>) {}

  /// What is there now. The first call starts the work; a component that called is drawn again when it is done.
  get(): Loaded<T> {
    this.start();
    return this.state.value;
  }

  private start(): void {
    if (this.started) return;
    this.started = true;
    // Not at once: signals must not change while a component that reads them is being drawn.
    queueMicrotask(() => {
      this.make().then(
        (value) => (this.state.value = { status: "ready", value }),
        (error: Error) => (this.state.value = { status: "error", message: error.message }),
      );
    });
  }
}

/// A map of lazy values by key.
export class LazyTable<T> {
  private readonly entries = new Map<string, Lazy<T>>();

  get(key: string, make: () => Promise<T>): Loaded<T> {
    let entry = this.entries.get(key);
    if (!entry) this.entries.set(key, (entry = new Lazy(make)));
    return entry.get();
  }
}
