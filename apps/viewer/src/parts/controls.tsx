// Small labelled controls.

interface ChoiceProps {
  label: string;
  value: string;
  options: (readonly [string, string])[];
  on_change: (value: string) => void;
}

/// A choice whose name is heard and not seen.
export function Select(props: ChoiceProps) {
  return (
    <select
      aria-label={props.label}
      value={props.value}
      onChange={(event) => props.on_change((event.currentTarget as HTMLSelectElement).value)}
    >
      {props.options.map(([value, text]) => (
        <option key={value} value={value} selected={value === props.value}>
          {text}
        </option>
      ))}
    </select>
  );
}

export function Choice(props: ChoiceProps) {
  return (
    <label class="field">
      <span>{props.label}</span>
      <Select {...props} />
    </label>
  );
}

export function Slider(props: {
  label: string;
  most: number;
  least?: number;
  step?: number;
  value: number;
  on_change: (value: number) => void;
}) {
  return (
    <label class="field">
      <span>{props.label}</span>
      <input
        type="range"
        min={props.least ?? 0}
        max={props.most}
        step={props.step ?? 1}
        value={props.value}
        onInput={(event) => props.on_change(Number((event.currentTarget as HTMLInputElement).value))}
      />
    </label>
  );
}

export function Check(props: { label: string; checked: boolean; on_change: (checked: boolean) => void }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={props.checked}
        onChange={(event) => props.on_change((event.currentTarget as HTMLInputElement).checked)}
      />
      {props.label}
    </label>
  );
}

/// Buttons of which one is pressed.
export function Switch<T extends string>(props: {
  label: string;
  value: T;
  options: (readonly [T, string])[];
  on_change: (value: T) => void;
}) {
  return (
    <div class="switch" role="group" aria-label={props.label}>
      {props.options.map(([value, text]) => (
        <button key={value} aria-pressed={props.value === value} onClick={() => props.on_change(value)}>
          {text}
        </button>
      ))}
    </div>
  );
}
