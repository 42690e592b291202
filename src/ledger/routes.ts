import type { FastifyPluginAsync } from 'fastify';
import type { ApiAccess } from '../api-access.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import type { LedgerService, LedgerSide } from './service.ts';
import { disputeShape, entryShape, proofShape, statementShape } from './shapes.ts';

type Account = { Params: { agreement: string } };
type OfSide = { Querystring: { side: LedgerSide } };
type Paged = { Querystring: { cursor?: string; limit: number } };
type Entry = { Params: { agreement: string; seq: number } };
type Statement = { Params: { agreement: string; number: number } };

/** The institution API's ledger. */
export function ledgerRoutes(ledger: LedgerService, access: ApiAccess): FastifyPluginAsync {
  const nextOf = (next: number | null) => (next === null ? null : encodeCursor(next));

  async function showStatement(agreement: string, side: LedgerSide, number: number) {
    const statement = statementShape(await ledger.statement(agreement, side, number));
    const exchanges = await ledger.statementEvidence(agreement, side, number);
    return { ...statement, exchanges: exchanges.map(proofShape) };
  }

  return async (app) => {
    app.get<{ Querystring: { peer?: string } }>(
      '/ledger',
      access.operation('listLedgerAccounts'),
      async ({ query }) => ({ accounts: await ledger.accounts(query) }),
    );
    app.get<Account>('/ledger/:agreement', access.operation('getLedgerAccount'), ({ params }) =>
      ledger.account(params.agreement),
    );
    app.get<Account>('/ledger/:agreement/reconciliation', access.operation('reconcileLedger'), ({ params }) =>
      ledger.reconcile(params.agreement),
    );

    app.get<Account & { Querystring: OfSide['Querystring'] & Paged['Querystring'] & { faulty?: boolean } }>(
      '/ledger/:agreement/entries',
      access.operation('listLedgerEntries'),
      async ({ params, query: { cursor, ...query } }) => {
        const page = { ...query, after: decodeCursor(cursor) ?? 0 };
        const { items, next } = await ledger.entries(params.agreement, page);
        return { entries: items.map(entryShape), next: nextOf(next) };
      },
    );
    app.get<Entry & OfSide>(
      '/ledger/:agreement/entries/:seq/evidence',
      access.operation('getLedgerEntryEvidence'),
      async ({ params: { agreement, seq }, query }) => {
        const exchanges = await ledger.entryEvidence(agreement, query.side, seq);
        return { exchanges: exchanges.map(proofShape) };
      },
    );
    app.post<Entry>(
      '/ledger/:agreement/entries/:seq/reverse',
      access.operation('reverseLedgerEntry'),
      async ({ params: { agreement, seq } }, reply) => {
        const reversal = await ledger.reverse(agreement, seq);
        const page = { side: 'hosted', after: reversal - 1, limit: 1 } as const;
        const { items } = await ledger.entries(agreement, page);
        return reply.code(201).send(items.map(entryShape)[0]);
      },
    );

    app.get<Account & { Querystring: OfSide['Querystring'] & Paged['Querystring'] }>(
      '/ledger/:agreement/statements',
      access.operation('listLedgerStatements'),
      async ({ params, query: { cursor, ...query } }) => {
        const before = decodeCursor(cursor);
        const page = { ...query, ...(before !== undefined && { before }) };
        const { items, next } = await ledger.statements(params.agreement, page);
        return { statements: items.map(statementShape), next: nextOf(next) };
      },
    );
    app.post<Account>(
      '/ledger/:agreement/statements',
      access.operation('createLedgerStatement'),
      async ({ params: { agreement } }, reply) => {
        const number = await ledger.state(agreement);
        return reply
          .code(201)
          .header('location', `/v1/ledger/${agreement}/statements/${number}?side=hosted`)
          .send(await showStatement(agreement, 'hosted', number));
      },
    );
    app.get<Statement & OfSide>(
      '/ledger/:agreement/statements/:number',
      access.operation('getLedgerStatement'),
      ({ params: { agreement, number }, query }) => showStatement(agreement, query.side, number),
    );
    app.post<Statement>(
      '/ledger/:agreement/statements/:number/countersign',
      access.operation('countersignLedgerStatement'),
      async (request) => {
        const { agreement, number } = request.params;
        const show = () => showStatement(agreement, 'granted', number);
        await access.requireMatch(request, show);
        await ledger.countersign(agreement, number);
        return show();
      },
    );

    app.get<Account & { Querystring: Paged['Querystring'] & { open?: boolean } }>(
      '/ledger/:agreement/disputes',
      access.operation('listLedgerDisputes'),
      async ({ params, query: { cursor, ...query } }) => {
        const page = { ...query, after: decodeCursor(cursor) ?? 0 };
        const { items, next } = await ledger.disputes(params.agreement, page);
        return { disputes: items.map(disputeShape), next: nextOf(next) };
      },
    );
    app.get<Account>('/ledger/:agreement/forks', access.operation('getLedgerForks'), async ({ params }) => ({
      exchanges: (await ledger.forkEvidence(params.agreement)).map(proofShape),
    }));
    app.post<Account>(
      '/ledger/:agreement/resume',
      access.operation('resumeLedger'),
      async ({ params: { agreement } }) => {
        await ledger.resume(agreement);
        return ledger.account(agreement);
      },
    );
  };
}
