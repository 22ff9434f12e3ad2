// Round numbers for axes.

/// At most about `most` multiples of 1, 2 or 5 times a power of ten within [low, high].
export function round_ticks(low: number, high: number, most: number): number[] {
  if (!(high > low) || !Number.isFinite(high - low)) return Number.isFinite(low) ? [low] : [];
  const rough = (high - low) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999)! * power;
  const first = Math.ceil(low / unit - 1e-9);
  const last = Math.floor(high / unit + 1e-9);
  // A multiple and not a running sum, which would gather rounding errors.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * unit).toPrecision(12)));
}

/// 0 and the powers of ten up to a step.
export function log_ticks(last: number): number[] {
  const out = [0];
  for (let step = 1; step <= last; step *= 10) out.push(step);
  return out;
}
