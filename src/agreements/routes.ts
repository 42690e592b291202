import type { FastifyPluginAsync } from 'fastify';
import type { ApiAccess } from '../api-access.ts';
import { evidenceShape } from '../evidence/index.ts';
import type { VersionState } from '../protocol/agreement/book.ts';
import type { ProposeAgreement, TerminateAgreement } from './changes.ts';
import type { AgreementService } from './service.ts';

type ById = { Params: { agreement: string } };
type Note = { note?: string };

/** The institution API's agreements. */
export function agreementRoutes(agreements: AgreementService, access: ApiAccess): FastifyPluginAsync {
  return async (app) => {
    app.post<{ Body: ProposeAgreement }>(
      '/agreements',
      access.operation('proposeAgreement'),
      async ({ body }, reply) => {
        const id = await agreements.propose(body);
        return reply
          .code(201)
          .header('location', `/v1/agreements/${id}`)
          .send(await agreements.show(id));
      },
    );

    app.get<{ Querystring: { peer?: string; state?: VersionState; cursor?: string; limit: number } }>(
      '/agreements',
      access.operation('listAgreements'),
      ({ query }) => agreements.list(query),
    );

    app.get<ById>('/agreements/:agreement', access.operation('getAgreement'), ({ params }) =>
      agreements.show(params.agreement),
    );

    app.get<ById>(
      '/agreements/:agreement/evidence',
      access.operation('getAgreementEvidence'),
      async ({ params }) => {
        const exchanges = await agreements.evidence(params.agreement);
        return {
          exchanges: exchanges.map(({ envelope, manifest, records, ...exchange }) => ({
            ...exchange,
            ...(envelope !== undefined && { envelope }),
            ...(manifest !== undefined && { manifest: manifest.toString('utf8') }),
            records: records.map(evidenceShape),
          })),
        };
      },
    );

    const change = <Body>(
      action: string,
      operationId: string,
      work: (id: string, body: Body) => Promise<void>,
    ) => {
      app.post<ById>(`/agreements/:agreement/${action}`, access.operation(operationId), async (request) => {
        const { agreement } = request.params;
        await access.requireMatch(request, () => agreements.show(agreement));
        await work(agreement, (request.body ?? {}) as Body);
        return agreements.show(agreement);
      });
    };
    change('accept', 'acceptAgreement', (id) => agreements.accept(id));
    change<Note>('decline', 'declineAgreement', (id, { note }) => agreements.decline(id, note));
    change<TerminateAgreement>('terminate', 'terminateAgreement', (id, given) =>
      agreements.terminate(id, given),
    );
  };
}
