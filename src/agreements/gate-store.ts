import type pg from 'pg';
import type { AgreementGate, AgreementRuling, AgreementView } from '../exchange/index.ts';
import type { Book, Version } from '../protocol/agreement/book.ts';
import { currentVersion, ruleOn, ruleOnNone } from '../protocol/agreement/ruling.ts';
import { readBooks, readTerms } from './store.ts';

const NOTHING: Book = { versions: [], terminations: [] };

/** What other rooms ask of agreements: under which version an exchange is judged, and which one to name. */
export function createAgreementGate(): AgreementGate {
  const viewOf = async (client: pg.ClientBase, version: Version): Promise<AgreementView> => ({
    id: version.id,
    root: version.root,
    terms: await readTerms(client, version.id),
  });

  return {
    async read(tx, peers) {
      const books = await readBooks(tx.client, peers);
      const bookOf = (peer: string) => books.get(peer) ?? NOTHING;
      return {
        async rule(peer, agr, nowMs): Promise<AgreementRuling> {
          const book = bookOf(peer);
          const ruling = agr === undefined ? ruleOnNone(book, nowMs) : ruleOn(book, agr, nowMs);
          if (!ruling.ok) return ruling;
          const { version } = ruling;
          return { ok: true, version: version && (await viewOf(tx.client, version)) };
        },
        async current(peer, nowMs) {
          const version = currentVersion(bookOf(peer), nowMs);
          return version && viewOf(tx.client, version);
        },
      };
    },
  };
}
