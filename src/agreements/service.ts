import type { ActHandler, FullProof, OutcomeListener } from '../exchange/index.ts';
import { EMPTY_BOOK } from '../protocol/agreement/book.ts';
import { Refusal } from '../protocol/refusal.ts';
import { createAgreementHandlers } from './acts.ts';
import { readBooks } from './book-store.ts';
import { type AgreementChanges, createAgreementChanges } from './changes.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import type { AgreementDeps } from './deps.ts';
import { readFile } from './exchange-store.ts';
import { createAgreementOutcomes } from './outcomes.ts';
import {
  type AgreementDetails,
  type AgreementSummary,
  agreementSummary,
  exchangeShape,
  SIGNED_OR_ENDED,
  terminationShape,
} from './shapes.ts';
import { createSpeaker } from './speak.ts';
import { listVersions, readTerminations, type VersionFilter } from './store.ts';

/**
 * Agreements with peers, as the institution's people use them. Every call refuses with a Refusal whose code is in
 * `agreementProblems` or `REFUSALS`.
 */
export type AgreementService = AgreementChanges & {
  /** Refuses `agreement.not_found`. */
  show(id: string): Promise<AgreementDetails>;
  /** The newest first, at most 200; `next` continues. Refuses `agreement.input` for a wrong cursor. */
  list(filter: {
    peer?: string;
    state?: NonNullable<VersionFilter['state']>;
    cursor?: string;
    limit: number;
  }): Promise<{ agreements: AgreementSummary[]; next: string | null }>;
  /** Each exchange about a version with its proof, the oldest first. Refuses `agreement.not_found`. */
  evidence(id: string): Promise<({ act: string; iss: string; jti: string } & FullProof)[]>;
  /** The acts of this room, for the exchange. */
  readonly handlers: readonly ActHandler[];
  readonly listeners: readonly OutcomeListener[];
};

export function createAgreementService(
  deps: AgreementDeps & {
    nowMs(): number;
    proof(exchange: { iss: string; jti: string }): Promise<FullProof>;
  },
): AgreementService {
  const { db, registry } = deps;
  const speaker = createSpeaker(deps);

  async function read(filter: VersionFilter, limit: number) {
    return db.withClient(async (client) => {
      const versions = await listVersions(client, filter, limit);
      const books = await readBooks(client, [...new Set(versions.map((version) => version.peer))]);
      const nowMs = deps.nowMs();
      return versions.map((version) => {
        const book = books.get(version.peer) ?? EMPTY_BOOK;
        return { version, summary: agreementSummary(version, book, registry.peer(version.peer), nowMs) };
      });
    });
  }

  async function find(id: string) {
    const [found] = await read({ id }, 1);
    if (found === undefined) throw new Refusal('agreement.not_found');
    return found;
  }

  return {
    ...createAgreementChanges(deps, speaker),
    async show(id) {
      const { version, summary } = await find(id);
      return db.withClient(async (client) => {
        const concerned = SIGNED_OR_ENDED.has(version.state) ? [version.root] : [];
        const said = (await readTerminations(client, concerned)).get(version.root) ?? [];
        return {
          ...summary,
          terms: version.terms,
          terminations: said.map(terminationShape),
          exchanges: (await readFile(client, id)).map(exchangeShape),
        };
      });
    },
    async list({ cursor, limit, ...filter }) {
      const before = cursor === undefined ? undefined : decodeCursor(cursor);
      const found = await read({ ...filter, ...(before !== undefined && { before }) }, limit);
      const last = found.at(-1)?.version;
      return {
        agreements: found.map(({ summary }) => summary),
        next:
          found.length === limit && last !== undefined
            ? encodeCursor({ at: last.proposedAt, id: last.id })
            : null,
      };
    },
    async evidence(id) {
      await find(id);
      const file = await db.withClient((client) => readFile(client, id));
      return Promise.all(
        file.map(async ({ act, iss, jti }) => ({ act, iss, jti, ...(await deps.proof({ iss, jti })) })),
      );
    },
    handlers: createAgreementHandlers(deps, speaker),
    listeners: createAgreementOutcomes(deps, speaker),
  };
}
