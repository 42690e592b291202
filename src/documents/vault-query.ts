import { isUuid } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { InboxFilter, InboxPage } from './inbox-store.ts';
import type { VaultState } from './life.ts';
import { RECALL_NOTE_MAX_CHARS, RECALL_REASONS } from './recall.ts';
import type { RecallReason } from './recall-store.ts';

/** What a request says, read closed: an unknown or malformed member is refused, with a pointer to it. */

export const INBOX_PAGE_DEFAULT = 25;
export const INBOX_PAGE_MAX = 100;
export const JOURNAL_PAGE_MAX = 500;
export const BATCH_MAX = 500;

const STATES: readonly VaultState[] = ['received', 'consigned', 'refused', 'notified', 'opened'];
const MAX_TEXT = 255;

type Given = Readonly<Record<string, unknown>>;

const FILTER_FIELDS = [
  'customer',
  'link',
  'peer',
  'type',
  'state',
  'receivedFrom',
  'receivedUntil',
  'deleted',
] as const;

export function readInboxFilter(query: unknown, more: readonly string[] = []): InboxFilter {
  const given = closed(query, [...FILTER_FIELDS, ...more], 'query');
  return {
    ...text(given, 'customer', uuid),
    ...text(given, 'link', uuid),
    ...text(given, 'peer', short),
    ...text(given, 'type', short),
    ...text(given, 'state', oneOf(STATES)),
    ...text(given, 'receivedFrom', time),
    ...text(given, 'receivedUntil', time),
    deleted: 'exclude',
    ...text(given, 'deleted', oneOf(['exclude', 'include', 'only'] as const)),
  };
}

export function readInboxPage(query: unknown): InboxPage {
  const given = query as Given;
  const after = text(given, 'cursor', uuid).cursor;
  return {
    limit: readLimit(given, INBOX_PAGE_DEFAULT, INBOX_PAGE_MAX),
    order: text(given, 'order', oneOf(['newest', 'oldest'] as const)).order ?? 'newest',
    ...(after !== undefined && { after }),
  };
}

export function readJournalQuery(query: unknown, more: readonly string[]) {
  const given = closed(query, ['since', 'until', 'cursor', 'limit', ...more], 'query');
  const before = text(given, 'cursor', (value) =>
    /^[1-9]\d{0,15}$/.test(value) ? Number(value) : undefined,
  ).cursor;
  return {
    filter: {
      ...text(given, 'document', uuid),
      ...text(given, 'since', time),
      ...text(given, 'until', time),
    },
    page: {
      limit: readLimit(given, 100, JOURNAL_PAGE_MAX),
      ...(before !== undefined && { before }),
    },
  };
}

/** Why a document is recalled, and a line for the customer. */
export function readRecall(body: unknown): { reason: RecallReason; note?: string } {
  const given = closed(body, ['reason', 'note'], 'body');
  const reason = RECALL_REASONS.find((choice) => choice === given['reason']);
  if (reason === undefined) throw invalid('body', 'reason');
  const { note } = given;
  if (note === undefined) return { reason };
  if (typeof note !== 'string' || !isLine(note, RECALL_NOTE_MAX_CHARS)) throw invalid('body', 'note');
  return { reason, note };
}

/** One line of text, as the schema of the act has it. */
function isLine(text: string, maxLength: number): boolean {
  return text !== '' && [...text].length <= maxLength && text.isWellFormed() && !/\p{Cc}/u.test(text);
}

/** The ids of a batch: 1 to 500, each a UUID, each once. */
export function readBatch(body: unknown): string[] {
  const given = closed(body, ['documents'], 'body');
  const ids = given['documents'];
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > BATCH_MAX) throw invalid('body', 'documents');
  const seen = new Set<string>();
  for (const [at, id] of ids.entries()) {
    if (!isUuid(id) || seen.has(id)) throw invalid('body', `documents/${at}`);
    seen.add(id);
  }
  return [...seen];
}

export function readChoice<const Choice extends string>(
  body: unknown,
  field: string,
  choices: readonly Choice[],
  fallback?: Choice,
): Choice {
  const given = closed(body ?? {}, [field], 'body');
  const value = given[field] ?? fallback;
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw invalid('body', field);
  return found;
}

export function closed(value: unknown, fields: readonly string[], part: 'body' | 'query'): Given {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(part, '');
  for (const name of Object.keys(value)) {
    if (!fields.includes(name)) throw invalid(part, name.slice(0, 64));
  }
  return value as Given;
}

export function invalid(part: 'body' | 'query', field: string): Refusal {
  return new Refusal('request.invalid', { in: part, pointer: field === '' ? '' : `/${field}` });
}

function readLimit(given: Given, fallback: number, max: number): number {
  const value = given['limit'];
  if (value === undefined) return fallback;
  const limit = Number(value);
  if (!Number.isInteger(limit) || limit < 1 || limit > max) throw invalid('query', 'limit');
  return limit;
}

/** A query member by its name, or nothing. */
function text<Name extends string, T>(
  given: Given,
  name: Name,
  read: (value: string) => T | undefined,
): { [K in Name]?: T } {
  const value = given[name];
  if (value === undefined) return {};
  const parsed = typeof value === 'string' ? read(value) : undefined;
  if (parsed === undefined) throw invalid('query', name);
  return { [name]: parsed } as { [K in Name]?: T };
}

const uuid = (value: string) => (isUuid(value) ? value : undefined);
const short = (value: string) => (value !== '' && value.length <= MAX_TEXT ? value : undefined);
const oneOf =
  <const Choice extends string>(choices: readonly Choice[]) =>
  (value: string) =>
    choices.find((choice) => choice === value);

const RFC_3339_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/;

function time(value: string): Date | undefined {
  const at = new Date(value);
  return RFC_3339_UTC.test(value) && !Number.isNaN(at.getTime()) ? at : undefined;
}
