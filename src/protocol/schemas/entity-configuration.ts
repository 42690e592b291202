import * as d from './definitions.ts';

/** What `importJwks` judges key by key; here only its outline and its count. */
const jwks = {
  type: 'object',
  required: ['keys'],
  properties: {
    keys: d.member('Public keys (RFC 7517). A reader passes over key types it does not know.', {
      type: 'array',
      minItems: 1,
      maxItems: 20,
      items: { type: 'object' },
    }),
  },
} as const;

const count = { type: 'integer', minimum: 0, maximum: d.CONTENT_MAX_BYTES } as const;

/** Members that would change what the statement means; a node that can't apply them must not read on. */
const refused = {
  metadata_policy: false,
  metadata_policy_crit: false,
  constraints: false,
  crit: false,
} as const;

/**
 * OpenID Federation 1.0 section 3, our subset. As there, members that a reader doesn't know are passed over, so that an
 * older node can read a newer one; those that must not be passed over are refused by name.
 */
export const entityConfiguration = {
  $id: 'urn:intervault:schema:entity-configuration',
  title: 'Entity configuration claims (typ entity-statement+jwt)',
  type: 'object',
  required: ['iss', 'sub', 'iat', 'exp', 'jwks', 'metadata'],
  properties: {
    ...refused,
    iss: d.member('The node that says this of itself.', d.entityId),
    sub: d.member('The same node.', d.entityId),
    iat: d.member('When it was signed, Unix seconds.', d.unixSeconds),
    exp: d.member('From when on it says nothing any more; at most 14 days after `iat`.', d.unixSeconds),
    jwks: d.member('Federation keys: they sign entity configurations and nothing else.', jwks),
    authority_hints: d.member('Registries that this node is a member of; absent in bilateral mode.', {
      type: 'array',
      minItems: 1,
      maxItems: 10,
      uniqueItems: true,
      items: d.entityId,
    }),
    metadata: {
      description: 'What the node is, by entity type (OpenID Federation 1.0 section 5).',
      type: 'object',
      required: ['federation_entity', 'ivx_node'],
      maxProperties: 20,
      properties: {
        federation_entity: {
          description: 'Who runs the node.',
          type: 'object',
          required: ['organization_name'],
          maxProperties: 40,
          properties: {
            organization_name: d.member('Name of the institution.', d.line(200)),
            contacts: {
              description: 'Addresses that operators of peers may write to.',
              type: 'array',
              maxItems: 10,
              items: { type: 'string', format: 'email', maxLength: 254 },
            },
            federation_historical_keys_endpoint: d.member('Where the keys of the past are published.', {
              type: 'string',
              maxLength: 2048,
            }),
          },
        },
        ivx_node: {
          description: 'How to exchange with the node.',
          type: 'object',
          required: ['protocol_versions', 'federation_endpoint', 'jwks', 'incarnation'],
          maxProperties: 40,
          properties: {
            protocol_versions: {
              description: 'Versions of this protocol that the node speaks.',
              type: 'array',
              minItems: 1,
              maxItems: 20,
              uniqueItems: true,
              items: { type: 'string', pattern: '^[0-9]{1,4}(\\.[0-9]{1,4})?$' },
            },
            federation_endpoint: d.member(
              'Base URL of the federation API, written like an entity id.',
              d.entityId,
            ),
            jwks: d.member(
              'Exchange keys: published, signing, and no longer signing but still to be verified.',
              jwks,
            ),
            revoked_keys: {
              description: 'Exchange keys that must not be believed any more.',
              type: 'array',
              maxItems: 100,
              items: {
                type: 'object',
                required: ['kid', 'revoked_at'],
                properties: {
                  kid: d.member('Thumbprint of the key.', d.sha256),
                  revoked_at: d.member('When it was revoked, Unix seconds.', d.unixSeconds),
                },
              },
            },
            incarnation: d.member(
              'Unix second of the first start of the node, or of its last restore from a backup.',
              d.unixSeconds,
            ),
            link_page: d.member('Where a customer goes to join their account; an address for people.', {
              type: 'string',
              maxLength: 2048,
              pattern: '^https?://[^\\s\\\\@#]+$',
            }),
            limits: {
              description: 'Limits of this node by name, such as `max_document_bytes`.',
              type: 'object',
              maxProperties: 40,
              propertyNames: { pattern: '^[a-z_]{1,40}$' },
              additionalProperties: count,
            },
            capabilities: {
              description: 'Acts and options that this node takes.',
              type: 'array',
              maxItems: 100,
              uniqueItems: true,
              items: { type: 'string', pattern: '^[a-z0-9_.:-]{1,60}$' },
            },
          },
        },
      },
    },
  },
} as const;
