import { type ConsentGiven, type ConsentRecord, makeConsentRecord } from '../protocol/consent-record.ts';
import { sha256Bytes } from '../protocol/digest.ts';
import type { EntityId } from '../protocol/ids.ts';
import { isWithinScopes, type LinkScopesByHost, namesOnly } from '../protocol/link-scopes.ts';
import { Refusal } from '../protocol/refusal.ts';
import { findSchemaProblem } from '../protocol/schemas/validators.ts';

const MAX_REFERENCE_LENGTH = 200;
const MAX_SESSION_LENGTH = 512;

/** The institution's own name for a customer. It never leaves this node. */
export function checkReference(customer: string): string {
  if (customer.length === 0 || customer.length > MAX_REFERENCE_LENGTH || /[\p{Cc}\p{Cs}]/u.test(customer)) {
    throw new Refusal('link.input', { pointer: '/customer' });
  }
  return customer;
}

/** What binds a link to a session, as it is kept: a digest that is of no use for another link. */
export function hashSession(session: string, linkId: string): Buffer {
  if (session.length === 0 || session.length > MAX_SESSION_LENGTH) {
    throw new Refusal('link.input', { pointer: '/session' });
  }
  return sha256Bytes(`ivx-session\n${linkId}\n${session}`);
}

/** Scopes of the two institutions and of nobody else, within `bounds` where there are any. */
export function checkScopes(
  scopes: LinkScopesByHost,
  hosts: readonly string[],
  bounds?: LinkScopesByHost,
): LinkScopesByHost {
  if (!namesOnly(scopes, hosts)) throw new Refusal('link.scopes', { detail: 'names another institution' });
  if (bounds !== undefined && !isWithinScopes(scopes, bounds)) {
    throw new Refusal('link.scopes', { detail: 'goes beyond what was asked' });
  }
  return scopes;
}

/** The record of a consent given now. Throws `link.input` for what no peer would accept. */
export function recordConsent(
  given: ConsentGiven,
  context: { at: Date; controllers: { id: EntityId; name: string }[] },
): ConsentRecord {
  const record = makeConsentRecord(given, context);
  const problem = findSchemaProblem('consent-record', record);
  if (problem !== undefined) throw new Refusal('link.input', { pointer: `/consent${problem.pointer}` });
  return record;
}
