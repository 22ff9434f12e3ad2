// Small pictures in table cells: a number over training, and the profile of offsets.

const [WIDTH, HEIGHT] = [34, 16];

/// Points of a line at most: the least and the largest value in each column of its pixels.
export const SPARK_POINTS = 2 * WIDTH;

export interface SparkProps {
  /// Places from 0 to 1 and values, as Stats.profile makes them.
  line: [number, number][];
  /// Where the current step is, and its value.
  place: number;
  now: number;
  /// Upper end; without it the largest value of the line.
  most: number | undefined;
}

/// A line over the evaluated steps from 0 to `most`, with a dot at the current one.
export function Spark({ line, place, now, most }: SparkProps) {
  const top = most ?? line.reduce((high, [, value]) => (value > high ? value : high), 1);
  const x = (at: number) => (3 + (Number.isFinite(at) ? at : 0.5) * (WIDTH - 6)).toFixed(1);
  const y = (value: number) => (HEIGHT - 3 - (Math.max(0, Math.min(top, value)) / top) * (HEIGHT - 6)).toFixed(1);
  let path = "";
  let pen = false;
  for (const [at, value] of line) {
    if (Number.isFinite(value)) path += `${pen ? "L" : "M"}${x(at)} ${y(value)}`;
    pen = Number.isFinite(value);
  }
  return (
    <svg class="spark" width={WIDTH} height={HEIGHT} aria-hidden>
      <path d={path} />
      {Number.isFinite(now) && <circle cx={x(place)} cy={y(now)} r={2.2} />}
    </svg>
  );
}

/// Upright bars: mean weight at key − query from -16 to 16.
export function OffsetBars({ values }: { values: number[] }) {
  const most = Math.max(1e-9, ...values.filter(Number.isFinite));
  return (
    <svg class="spark" width={values.length * 2} height={2 * HEIGHT} aria-hidden>
      {values.map((value, i) => {
        const height = Number.isFinite(value) ? (value / most) * (2 * HEIGHT - 1) : 0;
        return <rect key={i} x={i * 2} y={2 * HEIGHT - height} width={1.5} height={height} />;
      })}
    </svg>
  );
}
