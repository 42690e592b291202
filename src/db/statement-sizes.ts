/**
 * Row counts that statements are prepared for. A connection prepares a handful of statements and not one for every size
 * of a batch; none leaves more than a third of a batch behind. 256 rows of 255 columns are what PostgreSQL takes.
 */
const SIZES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256] as const;
export const LARGEST_SIZE = 256;

/** The largest size that `count` items fill, and no larger than `most`; 1 for none. */
export function sizeWithin(count: number, most = LARGEST_SIZE): number {
  return SIZES.findLast((size) => size <= count && size <= most) ?? 1;
}

/** The smallest size that holds `count` items, of which there are at most {@link LARGEST_SIZE}. */
export function sizeHolding(count: number): number {
  const found = SIZES.find((size) => size >= count);
  if (found === undefined) throw new RangeError(`${count} items in one statement`);
  return found;
}
