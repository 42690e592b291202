import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { ApiAccess, OpenedSession, SessionAsked } from '../api-access.ts';
import { isUuid } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import { type AuthOptions, createAuth } from './auth.ts';
import { installCustomerCors } from './cors.ts';
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
  /** Where a customer's session may be used from, and what signs one. */
  sessions: Readonly<{
    origins: readonly string[];
    open: (asked: SessionAsked & { origins: readonly string[] }) => Promise<OpenedSession>;
  }>;
  /** Notes an auditor's read: `detail` is the purpose they gave. Resolves once that is durable: before, nothing is shown. */
  journal: (
    caller: { subject: string; role: string },
    read: { action: string; document: string | null; outcome: 'ok'; detail?: string },
  ) => Promise<void>;
  /** Makes the rooms' routes, below `/v1`. */
  routes: (access: ApiAccess) => readonly FastifyPluginAsync[];
}>;

const PREFIX = '/v1';
/** One page that refreshes often, and few enough that a stolen session is no way to watch anybody by. */
const SESSION_RATE_PER_MIN = 240;
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
      // First of all: a page reads why it was refused.
      await installCustomerCors(api, {
        prefix: `${PREFIX}/customers/self/`,
        origins: options.sessions.origins,
      });
      installAddressLimit(api, addressBuckets);
      installEtags(api);
      const auth = await createAuth(api, {
        ...options.auth,
        onAuthenticated: (request) => refundAddress(request, addressBuckets),
      });
      const limit = await createTokenLimit(api, {
        maxPerMin: ({ role }) => (role === 'customer' ? SESSION_RATE_PER_MIN : options.tokenRatePerMin),
      });
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
        customer(request: FastifyRequest) {
          const { customer: named } = request.params as { customer: string };
          return named === 'self' ? caller(request).session?.customer : named;
        },
        async openSession({ origins = options.sessions.origins, ...asked }: SessionAsked) {
          const unknown = origins.find((origin) => !options.sessions.origins.includes(origin));
          if (unknown !== undefined || origins.length === 0) throw new Refusal('session.origin');
          return options.sessions.open({ ...asked, origins });
        },
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
