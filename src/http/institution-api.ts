import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { ApiAccess } from '../api-access.ts';
import { isUuid } from '../protocol/ids.ts';
import { type AuthOptions, createAuth } from './auth.ts';
import { installEtags, requireMatch } from './etag.ts';
import { type Contract, componentId } from './openapi.ts';
import { problem } from './problem.ts';
import { createProblemError } from './problem-error.ts';
import { createTokenLimit, installAddressLimit, refundAddress } from './rate-limit.ts';
import type { Principal } from './token.ts';
import type { TokenBuckets } from './token-buckets.ts';
import { createValidatorCompiler, describeInvalid } from './validation.ts';

export type InstitutionApiOptions = Readonly<{
  contract: Contract;
  auth: Omit<AuthOptions, 'onAuthenticated'>;
  /** Charged by address until a token holds. */
  addressBuckets: TokenBuckets;
  tokenRatePerMin: number;
  /** Notes an auditor's read: `detail` is the purpose they gave. Resolves once that is durable: before, nothing is shown. */
  journal: (
    caller: { subject: string; role: string },
    read: { action: string; document: string | null; outcome: 'ok'; detail?: string },
  ) => Promise<void>;
  /** Makes the rooms' routes, below `/v1`. */
  routes: (access: ApiAccess) => readonly FastifyPluginAsync[];
}>;

const PREFIX = '/v1';
const PURPOSE = /^[\x20-\x7e]{1,200}$/;

/** The institution API: every route behind a token, a role and the token's limit. */
export async function registerInstitutionApi(
  app: FastifyInstance,
  options: InstitutionApiOptions,
): Promise<void> {
  const { contract, addressBuckets } = options;
  await app.register(
    async (api) => {
      const compile = createValidatorCompiler(contract.schemas);
      api.setValidatorCompiler(compile);
      installAddressLimit(api, addressBuckets);
      installEtags(api);
      const auth = await createAuth(api, {
        ...options.auth,
        onAuthenticated: (request) => refundAddress(request, addressBuckets),
      });
      const limit = await createTokenLimit(api, { maxPerMin: options.tokenRatePerMin });
      const access: ApiAccess = Object.freeze({
        operation: (operationId: string) => ({
          onRequest: [auth.requireRole(operationId), limit],
          preHandler: contract.operation(operationId).journaledByRoom
            ? []
            : journalHook(operationId, options.journal),
          // Fastify marks the schemas it was given.
          schema: structuredClone(contract.operation(operationId).schema),
        }),
        check(schema: string, value: unknown) {
          const validate = compile({ schema: { $ref: componentId(schema) }, httpPart: 'body' });
          if (validate(value)) return;
          throw createProblemError(
            problem('request.invalid', describeInvalid(validate.errors ?? [], 'body')),
          );
        },
        requireMatch,
        caller,
      });
      for (const room of options.routes(access)) await api.register(room);
    },
    { prefix: PREFIX },
  );
}

function caller(request: FastifyRequest): Principal {
  if (request.principal === undefined) throw new Error('an operation without a caller');
  return request.principal;
}

/** Auditors see everything and change nothing; that they looked is kept. */
function journalHook(operationId: string, journal: InstitutionApiOptions['journal']) {
  return async (request: FastifyRequest): Promise<void> => {
    const { subject, role } = caller(request);
    if (role !== 'auditor') return;
    const { id } = (request.params ?? {}) as { id?: string };
    const purpose = request.headers['ivx-purpose'];
    if (purpose !== undefined && (typeof purpose !== 'string' || !PURPOSE.test(purpose)))
      throw createProblemError(
        problem('request.invalid', {
          in: 'headers',
          pointer: '/ivx-purpose',
          detail: '/ivx-purpose has 1 to 200 ASCII characters',
        }),
      );
    await journal(
      { subject, role },
      {
        action: operationId,
        document: isUuid(id) ? id : null,
        outcome: 'ok',
        ...(purpose !== undefined && { detail: purpose }),
      },
    );
  };
}
