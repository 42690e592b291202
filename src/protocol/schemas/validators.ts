import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { parseEntityId } from '../ids.ts';
import { agreementSchemas } from './agreement.ts';
import { documentPush, documentRecall, documentStatus } from './document.ts';
import { entityConfiguration } from './entity-configuration.ts';
import { evidence } from './evidence.ts';
import { envelope, manifest, receipt, requestToken } from './exchange.ts';
import { ledgerSchemas } from './ledger.ts';
import { linkSchemas } from './link.ts';
import { peerNotice } from './peer.ts';
import { slotSchemas } from './slot.ts';

/** Strict, closed, first error only; unknown formats and keywords fail at start, not at run time. */
const ajv = new Ajv2020({
  strict: true,
  strictRequired: false,
  strictTypes: false,
  allErrors: false,
  // So that what is wrong with one of several forms is told of that form, and not of the first.
  discriminator: true,
});

ajv.addFormat('entity-id', isEntityId);
ajv.addFormat('https-uri', (text) => /^https:\/\/[^\s\\@]+$/.test(text) && URL.canParse(text));
ajv.addFormat('email', /^[^\s@]{1,64}@[^\s@]{1,189}$/);
ajv.addFormat('date', (text) => isDate(text));
ajv.addFormat(
  'rfc3339-utc',
  (text) =>
    /^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?Z$/.test(text) && isDate(text.slice(0, 10)),
);

/** Peers are few, and every message names two: those met lately need no parsing. */
const metEntityIds = new Set<string>();
const MAX_MET = 1_000;

function isEntityId(text: string): boolean {
  if (metEntityIds.has(text)) return true;
  if (parseEntityId(text, { allowInsecure: true }) === undefined) return false;
  if (metEntityIds.size >= MAX_MET) metEntityIds.clear();
  metEntityIds.add(text);
  return true;
}

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  // Databases count years from 1 on: another one would be taken here, and break there.
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= (days[month - 1] ?? 0);
}

/** Every schema of something signed, by the name of its file in spec/schemas. */
export const SCHEMAS = {
  envelope,
  manifest,
  receipt,
  evidence,
  'request-token': requestToken,
  'entity-configuration': entityConfiguration,
  'document.push': documentPush,
  'document.status': documentStatus,
  'document.recall': documentRecall,
  'peer.notice': peerNotice,
  ...linkSchemas,
  ...agreementSchemas,
  ...slotSchemas,
  ...ledgerSchemas,
} as const;

export type SchemaName = keyof typeof SCHEMAS;

export type SchemaProblem = { pointer: string; message: string };

const compiled = new Map<string, ValidateFunction>();

function validatorOf(name: SchemaName): ValidateFunction {
  let validate = compiled.get(name);
  if (validate === undefined) {
    validate = ajv.compile(SCHEMAS[name]);
    compiled.set(name, validate);
  }
  return validate;
}

/**
 * Holds a value against a schema.
 *
 * @returns undefined when it fits, else where it does not (a JSON Pointer, RFC 6901) and why.
 */
export function findSchemaProblem(name: SchemaName, value: unknown): SchemaProblem | undefined {
  const validate = validatorOf(name);
  if (validate(value)) return undefined;
  const error = validate.errors?.[0];
  const member = memberAtFault(error);
  const pointer = `${error?.instancePath ?? ''}${member === undefined ? '' : `/${escapePointer(String(member))}`}`;
  const allowed = error?.keyword === 'enum' ? (error.params['allowedValues'] as unknown[]) : undefined;
  const message = error?.message ?? 'does not follow the schema';
  return { pointer, message: allowed === undefined ? message : `must be one of ${allowed.join(', ')}` };
}

/** Where the schema's words are about an object, and the fault is one of its members. */
function memberAtFault(error: ErrorObject | undefined): unknown {
  if (error?.keyword === 'additionalProperties') return error.params['additionalProperty'];
  return error?.keyword === 'discriminator' && error.params['error'] === 'mapping'
    ? error.params['tag']
    : undefined;
}

/** A member's name within a JSON Pointer (RFC 6901 section 3). */
export function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

export function hasSchema(name: string): name is SchemaName {
  return Object.hasOwn(SCHEMAS, name);
}
