// Small labelled controls.

export function Choice(props: {
  label: string;
  value: string;
  options: (readonly [string, string])[];
  on_change: (value: string) => void;
}) {
  return (
    <label class="field">
      <span>{props.label}</span>
      <select
        value={props.value}
        onChange={(event) => props.on_change((event.currentTarget as HTMLSelectElement).value)}
      >
        {props.options.map(([value, text]) => (
          <option key={value} value={value} selected={value === props.value}>
            {text}
          </option>
        ))}
      </select>
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
