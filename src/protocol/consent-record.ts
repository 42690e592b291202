import type { EntityId } from './ids.ts';
import type { JsonObject } from './jose/strict-json.ts';

export const CONSENT_RECORD_VERSION = 'ISO/IEC TS 27560:2023';

/** What an institution tells of the consent it took. */
export type ConsentGiven = {
  /** ISO 3166 country, or subdivision. */
  jurisdiction: string;
  method: 'web' | 'app' | 'branch' | 'phone' | 'paper' | 'other';
  purposes: string[];
  policyUrl: string;
  services: string[];
  /** Whether special categories of data may flow (GDPR article 9). */
  sensitive: boolean;
};

/**
 * After ISO/IEC TS 27560:2023. It names no customer: whose consent it is follows from the link, which each side
 * resolves on its own. It is signed by the envelope it travels under.
 */
export type ConsentRecord = ConsentGiven & {
  version: typeof CONSENT_RECORD_VERSION;
  /** RFC 3339, UTC. */
  time: string;
  controllers: { id: EntityId; name: string }[];
};

/** The record of a consent given at `at` to these institutions. */
export function makeConsentRecord(
  given: ConsentGiven,
  context: { at: Date; controllers: { id: EntityId; name: string }[] },
): ConsentRecord & JsonObject {
  const { jurisdiction, method, purposes, policyUrl, services, sensitive } = given;
  return {
    version: CONSENT_RECORD_VERSION,
    jurisdiction,
    time: context.at.toISOString(),
    method,
    purposes: [...purposes],
    controllers: context.controllers.map(({ id, name }) => ({ id, name })),
    policyUrl,
    services: [...services],
    sensitive,
  };
}
