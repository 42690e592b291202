/** What one node tells another about where it holds their relation; the reason stays with the operator. */
export const peerNotice = {
  $id: 'urn:intervault:schema:peer.notice',
  title: 'Body of peer.notice: the state in which the sender holds the recipient',
  type: 'object',
  additionalProperties: false,
  required: ['state', 'rev'],
  properties: {
    state: {
      enum: ['active', 'suspended', 'revoked'],
      description: 'How the sender holds the recipient now.',
    },
    rev: {
      type: 'integer',
      minimum: 1,
      maximum: 253402300799999,
      description: 'Unix milliseconds of the change; an older notice than the one held changes nothing.',
    },
  },
} as const;
