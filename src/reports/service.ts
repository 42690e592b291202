import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import { Refusal } from '../protocol/refusal.ts';
import { type Direction, monthsBetween, reportDirection } from '../protocol/report/relationship.ts';
import type { Registry } from '../registry/index.ts';
import { readDirection, readUniversality } from './store.ts';

/** More months than a page can show. */
const MAX_MONTHS = 24;

export type RelationshipReport = {
  node: { id: string; organizationName: string };
  peer: { id: string; organizationName: string };
  /** `YYYY-MM`, both included. */
  from: string;
  to: string;
  /** When it was worked out. */
  at: Date;
  /** Of fewer customers than this, little is told. */
  groupSize: number;
  /** What this vault shows of the peer, and the peer's vault of this institution. */
  hosted: Direction;
  granted: Direction;
  reciprocity: Reciprocity | undefined;
  /** Percent of the institutions that customers say to deal with, that they have in this vault. This side's own. */
  universality: { customers: number; percent: number | undefined } | undefined;
};

/** Contact units posted in the months, each way, and the balance now: positive where this side hosted more. */
export type Reciprocity = { hosted: number; granted: number; balance: number; tolerance: number | undefined };

export type Reports = {
  /** @throws Refusal `peer.not_found`, `report.input` */
  relationship(asked: { peer: string; from: string; to: string }): Promise<RelationshipReport>;
};

export function createReports(deps: {
  db: Database;
  clock: Clock;
  registry: Pick<Registry, 'self' | 'peer'>;
  ledger: { reciprocity(span: { peer: string; from: Date; until: Date }): Promise<Reciprocity | undefined> };
  options: { minGroupSize: number; organizationName: string };
}): Reports {
  const { db, registry, options } = deps;
  const k = options.minGroupSize;

  async function universality(): Promise<RelationshipReport['universality']> {
    const { customers, declared, present } = await db.withClient(readUniversality);
    if (customers < k) return undefined;
    return { customers, percent: declared === 0 ? undefined : Math.round((1000 * present) / declared) / 10 };
  }

  return {
    async relationship({ peer: id, from, to }) {
      const peer = registry.peer(id);
      if (peer === undefined) throw new Refusal('peer.not_found');
      if (from > to)
        throw new Refusal('report.input', { pointer: '/from', detail: 'the last month is before the first' });
      const months = monthsBetween(from, to);
      if (months.length > MAX_MONTHS)
        throw new Refusal('report.input', { pointer: '/to', detail: `at most ${MAX_MONTHS} months` });
      const nowMs = deps.clock.nowMs();
      const end = new Date(`${to}-01T00:00:00Z`);
      const span = {
        peer: id,
        from: new Date(`${from}-01T00:00:00Z`),
        until: new Date(Date.UTC(end.getUTCFullYear(), end.getUTCMonth() + 1, 1)),
      };
      const self = registry.self.entityId;
      const { hosted, granted } = await db.withClient(async (client) => ({
        hosted: await readDirection(client, 'host', { ...span, months, host: self }),
        granted: await readDirection(client, 'guest', { ...span, months, host: id }),
      }));
      const told = { k, nowS: Math.floor(nowMs / 1000) };
      return {
        node: { id: self, organizationName: options.organizationName },
        peer: { id, organizationName: peer.organizationName },
        from,
        to,
        at: new Date(nowMs),
        groupSize: k,
        hosted: reportDirection(hosted, told),
        granted: reportDirection(granted, told),
        reciprocity: await deps.ledger.reciprocity(span),
        universality: await universality(),
      };
    },
  };
}
