/** Median, least and greatest of what the rounds gave. */
export type Figure = { median: number; min: number; max: number };

const SIGNIFICANT_DIGITS = 4;

/** Throws a RangeError without values: a figure that was not measured is left out, never made up. */
export function figureOf(values: readonly number[]): Figure {
  if (values.length === 0) throw new RangeError('no round gave a value');
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** By linear interpolation between the two values next to it. */
export function quantile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * at;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

export function rounded(figure: Figure): Figure {
  const round = (value: number) => Number(value.toPrecision(SIGNIFICANT_DIGITS));
  return { median: round(figure.median), min: round(figure.min), max: round(figure.max) };
}
