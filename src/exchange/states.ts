import type { EnvelopeClaims } from '../protocol/envelope.ts';
import type { RefusalCode } from '../protocol/refusal.ts';
import type { ActHandler, AgreementBooks, AgreementRuling, LinkView } from './acts.ts';

/** What a peer's state says of a new exchange; undefined where it may come in. */
export function refuseForPeer(
  peer: { state: string; stale: boolean } | undefined,
  handler: ActHandler | undefined,
): RefusalCode | undefined {
  switch (peer?.state) {
    case 'active':
      return peer.stale && handler?.passesSuspension !== true ? 'peer.stale' : undefined;
    case 'suspended':
      return handler?.passesSuspension === true ? undefined : 'peer.suspended';
    case 'revoked':
      return 'peer.revoked';
    case undefined:
      return 'peer.unknown';
    default:
      return 'peer.not_active';
  }
}

export function refuseForLink(
  claims: EnvelopeClaims,
  handler: ActHandler | undefined,
  link: LinkView | undefined,
): RefusalCode | undefined {
  if (handler?.link !== 'required') return undefined;
  if (claims.sub === undefined) return 'link.missing';
  // A link of another peer is unknown to this one: an answer must not tell that it exists.
  if (link === undefined || link.peer !== claims.iss) return 'link.unknown';
  return link.state === 'active' ? undefined : `link.${link.state}`;
}

/** Under which agreement version an exchange comes in, if under any. */
export async function ruleOnAgreement(
  claims: EnvelopeClaims,
  handler: ActHandler | undefined,
  books: AgreementBooks | undefined,
  nowMs: number,
): Promise<AgreementRuling> {
  if (claims.agr === undefined && handler?.agreement === 'required') {
    return { ok: false, code: 'agreement.missing' };
  }
  const asked = claims.agr !== undefined || handler?.agreement !== undefined;
  if (books === undefined || !asked) return { ok: true, version: undefined };
  return books.rule(claims.iss, claims.agr, nowMs);
}
