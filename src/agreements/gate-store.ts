import type pg from 'pg';
import { together } from '../db/index.ts';
import type { AgreementGate, AgreementRuling, AgreementView } from '../exchange/index.ts';
import { type Book, EMPTY_BOOK, type Version } from '../protocol/agreement/book.ts';
import { currentVersion, ruleOn, ruleOnNone, versionToName } from '../protocol/agreement/ruling.ts';
import type { AgreementTerms } from '../protocol/agreement/terms.ts';
import { readBooks, readTerms, readVersion } from './book-store.ts';

/** What other rooms ask of agreements: under which version an exchange is judged, and which one to name. */
export function createAgreementGate(): AgreementGate {
  const viewOf = async (client: pg.ClientBase, version: Version): Promise<AgreementView> => ({
    id: version.id,
    root: version.root,
    terms: await readTerms(client, version.id),
  });

  return {
    async terms(tx, versions) {
      const known = await together(versions.map((id) => readTerms(tx.client, id)));
      return new Map(versions.map((id, at) => [id, known[at] as AgreementTerms]));
    },
    async read(tx, peers) {
      const books = await readBooks(tx.client, peers);
      const bookOf = (peer: string) => books.get(peer) ?? EMPTY_BOOK;
      return {
        async rule(peer, agr, nowMs): Promise<AgreementRuling> {
          const book = await withNamed(tx.client, peer, bookOf(peer), agr);
          const ruling = agr === undefined ? ruleOnNone(book, nowMs) : ruleOn(book, agr, nowMs);
          if (!ruling.ok) return ruling;
          const { version } = ruling;
          return { ok: true, version: version && (await viewOf(tx.client, version)) };
        },
        async toName(peer, nowMs) {
          const version = versionToName(bookOf(peer), nowMs);
          return version && viewOf(tx.client, version);
        },
        async current(peer, nowMs) {
          const version = currentVersion(bookOf(peer), nowMs);
          return version && viewOf(tx.client, version);
        },
      };
    },
  };
}

/** A book with the version that is named, should that have come to nothing. */
async function withNamed(
  client: pg.ClientBase,
  peer: string,
  book: Book,
  agr: string | undefined,
): Promise<Book> {
  if (agr === undefined || book.versions.some(({ id }) => id === agr)) return book;
  const named = await readVersion(client, peer, agr);
  return named === undefined ? book : { ...book, versions: [...book.versions, named] };
}
