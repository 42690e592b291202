/** Why a peer could not be asked, or gave nothing that could be read: what a delivery waits for then is the peer itself. */
export const UNREACHABLE_CODES = [
  'peer.timeout',
  'peer.refused_connection',
  'peer.name_unknown',
  'peer.certificate',
  'peer.unreachable',
] as const;

export type UnreachableCode = (typeof UNREACHABLE_CODES)[number];
