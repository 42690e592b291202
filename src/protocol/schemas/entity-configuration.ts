import * as d from './definitions.ts';

/** What `importJwks` judges key by key; here only its outline and its count. */
const jwks = {
  type: 'object',
  required: ['keys'],
  properties: { keys: { type: 'array', minItems: 1, maxItems: 20, items: { type: 'object' } } },
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
    iss: d.entityId,
    sub: d.entityId,
    iat: d.unixSeconds,
    exp: d.unixSeconds,
    /** Federation keys. */
    jwks,
    authority_hints: { type: 'array', minItems: 1, maxItems: 10, uniqueItems: true, items: d.entityId },
    metadata: {
      type: 'object',
      required: ['federation_entity', 'ivx_node'],
      maxProperties: 20,
      properties: {
        federation_entity: {
          type: 'object',
          required: ['organization_name'],
          maxProperties: 40,
          properties: {
            organization_name: d.line(200),
            contacts: {
              type: 'array',
              maxItems: 10,
              items: { type: 'string', format: 'email', maxLength: 254 },
            },
            federation_historical_keys_endpoint: { type: 'string', maxLength: 2048 },
          },
        },
        ivx_node: {
          type: 'object',
          required: ['protocol_versions', 'federation_endpoint', 'jwks', 'incarnation'],
          maxProperties: 40,
          properties: {
            protocol_versions: {
              type: 'array',
              minItems: 1,
              maxItems: 20,
              uniqueItems: true,
              items: { type: 'string', pattern: '^[0-9]{1,4}(\\.[0-9]{1,4})?$' },
            },
            /** Base URL of the federation API, written like an entity id. */
            federation_endpoint: d.entityId,
            /** Exchange keys: published, signing, and no longer signing but still to be verified. */
            jwks,
            /** Exchange keys that must not be believed any more. */
            revoked_keys: {
              type: 'array',
              maxItems: 100,
              items: {
                type: 'object',
                required: ['kid', 'revoked_at'],
                properties: { kid: d.sha256, revoked_at: d.unixSeconds },
              },
            },
            incarnation: d.unixSeconds,
            /** Where a customer goes to join their account; an address for people. */
            link_page: { type: 'string', maxLength: 2048, pattern: '^https?://[^\\s\\\\@#]+$' },
            limits: {
              type: 'object',
              maxProperties: 40,
              propertyNames: { pattern: '^[a-z_]{1,40}$' },
              additionalProperties: count,
            },
            capabilities: {
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
