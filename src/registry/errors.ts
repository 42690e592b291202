/** What the registry refuses an operator, in the shape of the HTTP layer's tables: the code is stable. */
export const registryProblems = {
  'federation.off': {
    status: 409,
    title: 'This node has no public URL, so it can have no peers',
    retryable: false,
  },
  'peer.url': { status: 400, title: 'This is not the address of a node', retryable: false },
  'peer.pin': { status: 400, title: 'A pin is the thumbprint of a federation key', retryable: false },
  'peer.self': { status: 400, title: 'This is the address of this node itself', retryable: false },
  'peer.not_found': { status: 404, title: 'No such peer is known here', retryable: false },
  'peer.exists': { status: 409, title: 'This peer is known already', retryable: false },
  'peer.state': { status: 409, title: 'The state of the peer does not allow this', retryable: false },
  'peer.reason': { status: 400, title: 'A reason is needed, of at most 200 characters', retryable: false },
  'peer.pin_mismatch': {
    status: 409,
    title: 'The peer signs with another federation key than the one pinned',
    retryable: false,
  },
  'peer.unreachable': {
    status: 502,
    title: 'The configuration of the peer could not be fetched',
    retryable: true,
  },
  'peer.configuration': {
    status: 502,
    title: 'The configuration of the peer is not acceptable',
    retryable: true,
  },
  'peer.too_many_keys': {
    status: 409,
    title: 'The peer has had more keys than this node keeps',
    retryable: false,
  },
  'key.not_found': { status: 404, title: 'This node has no such key', retryable: false },
  'key.state': { status: 409, title: 'The state of the key does not allow this', retryable: false },
  'key.rotation_running': {
    status: 409,
    title: 'A new key is published already and will sign soon',
    retryable: false,
  },
} as const;

export type RegistryProblemCode = keyof typeof registryProblems;

export type NodeIdentityErrorCode = 'node.keys_differ' | 'node.identity_changed' | 'node.identity_invalid';

/** Why this process may not act as the node whose database it opened; `hint` says what to do. */
export class NodeIdentityError extends Error {
  override readonly name = 'NodeIdentityError';
  readonly code: NodeIdentityErrorCode;
  readonly hint: string;

  constructor(code: NodeIdentityErrorCode, message: string, hint: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
