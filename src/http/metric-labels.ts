/** Codes that this program gives to what a peer did not say itself: the network's failures, answers that are none. */
const OWN_CODES: ReadonlySet<string> = new Set([
  'answer.no_such_path',
  'answer.not_a_problem',
  'answer.not_a_receipt',
  'answer.too_large',
  'exchange.cancelled',
  'exchange.erased',
  'exchange.expired',
  'exchange.mismatch',
  'peer.certificate',
  'peer.discovered',
  'peer.name_unknown',
  'peer.refused_connection',
  'peer.requested',
  'peer.timeout',
  'peer.unreachable',
  'receipt.invalid',
  'receipt.key_unknown',
  'receipt.malformed',
  'receipt.mismatch',
  'receipt.signature',
]);

export function isBoundedCode(code: string): boolean {
  return OWN_CODES.has(code);
}

/** Most peers that have series of their own; the rest is counted together. */
export const MAX_LABELLED_PEERS = 200;
export const OTHER_PEERS = 'others';

/** Which label a peer has: itself for the first 200 of those given, `others` for the rest. */
export function labelPeers(peers: readonly string[]): (peer: string) => string {
  const labelled = new Set(peers.slice(0, MAX_LABELLED_PEERS));
  return (peer) => (labelled.has(peer) ? peer : OTHER_PEERS);
}
