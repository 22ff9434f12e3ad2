// Keys of configs with two values each.

import { Table } from "./table.tsx";

export function ConfigTable(props: { label: string; heads: string[]; rows: [string, unknown, unknown][] }) {
  return (
    <Table box="wide" label={props.label} heads={props.heads} words={3}>
      {props.rows.map(([key, ...values]) => (
        <tr key={key}>
          <th scope="row">
            <code>{key}</code>
          </th>
          {values.map((value, i) => (
            <td class="text" key={i}>
              <code>{JSON.stringify(value) ?? "–"}</code>
            </td>
          ))}
        </tr>
      ))}
    </Table>
  );
}
