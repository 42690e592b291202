import type { CliContext } from './context.ts';

/** What people read: tables, fields, times and sizes. Nothing here adds colour, so that it pipes as it prints. */

/**
 * Without what would move a terminal's cursor or turn its text around: names come from other institutions.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '·');
}

const BLANK = '—';

/** Columns padded to their widest cell; the last one is left as it is. */
export function renderTable(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const clean = [headers, ...rows].map((row) => row.map((cell) => printable(cell) || BLANK));
  const widths = headers.map((_, column) => Math.max(...clean.map((row) => widthOf(row[column] ?? ''))));
  return clean
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)),
        )
        .join('  '),
    )
    .join('\n');
}

/** One line a field, the values below each other; what has no value is left out. */
export function renderFields(
  fields: readonly (readonly [name: string, value: string | undefined])[],
): string {
  const given = fields.filter((field): field is readonly [string, string] => field[1] !== undefined);
  const width = Math.max(...given.map(([name]) => widthOf(name)));
  return given.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`).join('\n');
}

function widthOf(text: string): number {
  return [...text].length;
}

/** "2026-11-21 23:40:12Z": sorts, and is the same in every time zone. */
export function formatTime(iso: string | undefined): string | undefined {
  return iso === undefined ? undefined : `${iso.slice(0, 19).replace('T', ' ')}Z`;
}

/** "3 min ago", "in 2 h". */
export function formatAge(iso: string | undefined, nowMs: number): string | undefined {
  if (iso === undefined) return undefined;
  const differenceMs = Date.parse(iso) - nowMs;
  const length = formatDuration(Math.abs(differenceMs));
  if (length === '0 s') return 'now';
  return differenceMs > 0 ? `in ${length}` : `${length} ago`;
}

/** A time, and how far away it is. */
export function formatTimeAndAge(iso: string | undefined, nowMs: number): string | undefined {
  return iso === undefined ? undefined : `${formatTime(iso)} (${formatAge(iso, nowMs)})`;
}

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** In its largest unit: "2 d", "47 min", "0 s". */
export function formatDuration(ms: number): string {
  const [name, unitMs] = UNITS.find(([, length]) => ms >= length) ?? ['s', 1_000];
  return `${Math.floor(ms / unitMs)} ${name}`;
}

/** "+1.2 s", "-250 ms". */
export function formatDifference(ms: number): string {
  const sign = ms < 0 ? '-' : '+';
  const size = Math.abs(ms);
  return size < 1000 ? `${sign}${Math.round(size)} ms` : `${sign}${(size / 1000).toFixed(1)} s`;
}

const SIZES = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** Decimal, as disks are sold and files are listed: "1.2 MB". */
export function formatBytes(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < SIZES.length - 1) {
    size /= 1000;
    unit++;
  }
  return unit === 0 ? `${bytes} bytes` : `${size.toFixed(size < 10 ? 1 : 0)} ${SIZES[unit]}`;
}

const FIRST_WORD_MS = 2_000;
const NEXT_WORD_MS = 10_000;

/** Says on stderr what takes so long, once it has taken two seconds, and again while it goes on. */
export async function withProgress<T>(
  context: Pick<CliContext, 'err'>,
  what: string | (() => string),
  work: Promise<T>,
): Promise<T> {
  const startedMs = performance.now();
  const say = () => {
    const text = typeof what === 'string' ? what : what();
    context.err(`${text}… ${formatDuration(performance.now() - startedMs)}`);
    timer = setTimeout(say, NEXT_WORD_MS);
  };
  let timer = setTimeout(say, FIRST_WORD_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
