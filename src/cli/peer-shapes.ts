import type { PeerTraffic } from '../outbox/index.ts';
import type { PeerDetails as Details, PeerPreview, PeerSummary as Summary } from '../registry/index.ts';

/** What the institution API answers about peers, as JSON. `ref` names one in a path. */
export type { PeerPreview };
export type PeerSummary = Summary & { ref: string };
export type PeerDetails = Details & { ref: string; traffic: PeerTraffic };

/** A peer's place in the API: its id in base64url. A host alone stands for its https address. */
export function peerPath(given: string, action = ''): string {
  const url = /^https?:\/\//i.test(given) ? given : `https://${given}`;
  const ref = Buffer.from(url.replace(/\/+$/, ''), 'utf8').toString('base64url');
  return `/v1/peers/${ref}${action}`;
}
