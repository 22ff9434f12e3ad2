// Small pictures in table cells: a number over training, and the profile of offsets.

const [WIDTH, HEIGHT] = [64, 18];

/// A line over the evaluated steps from 0 to `most`, with a dot at the current one.
export function Spark({ values, now, most }: { values: number[]; now: number; most: number }) {
  const x = (i: number) => 2 + (values.length > 1 ? (i / (values.length - 1)) * (WIDTH - 4) : (WIDTH - 4) / 2);
  const y = (value: number) => HEIGHT - 2 - (Math.max(0, Math.min(most, value)) / (most || 1)) * (HEIGHT - 4);
  let path = "";
  let pen = false;
  values.forEach((value, i) => {
    if (Number.isFinite(value)) path += `${pen ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = Number.isFinite(value);
  });
  const here = values[now];
  return (
    <svg class="spark" width={WIDTH} height={HEIGHT} aria-hidden="true">
      <path d={path} />
      {here !== undefined && Number.isFinite(here) && <circle cx={x(now)} cy={y(here)} r={2.2} />}
    </svg>
  );
}

/// Upright bars: mean weight at key − query from -16 to 16.
export function OffsetBars({ values }: { values: number[] }) {
  const most = Math.max(1e-9, ...values.filter(Number.isFinite));
  return (
    <svg class="spark" width={values.length * 3} height={HEIGHT} aria-hidden="true">
      {values.map((value, i) => {
        const height = Number.isFinite(value) ? (value / most) * (HEIGHT - 1) : 0;
        return <rect key={i} x={i * 3} y={HEIGHT - height} width={2} height={height} />;
      })}
    </svg>
  );
}
