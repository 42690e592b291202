import type { PeerTraffic } from '../outbox/index.ts';
import type { PeerDetails as Details, PeerPreview, PeerSummary as Summary } from '../registry/index.ts';

/** What the institution API answers about peers, as JSON. `ref` names one in a path. */
export type { PeerPreview };
export type PeerSummary = Summary & { ref: string };
export type PeerDetails = Details & { ref: string; traffic: PeerTraffic };

/** The id of a peer as somebody typed it. A host alone stands for its https address. */
export function peerId(given: string): string {
  const url = /^https?:\/\//i.test(given) ? given : `https://${given}`;
  return url.replace(/\/+$/, '');
}

/** A peer's place in the API: its id in base64url. */
export function peerPath(given: string, action = ''): string {
  return `/v1/peers/${Buffer.from(peerId(given), 'utf8').toString('base64url')}${action}`;
}
