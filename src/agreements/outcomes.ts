import type { Tx } from '../db/index.ts';
import { isUndecided, type OutcomeListener, type SettledItem, saltedManifest } from '../exchange/index.ts';
import { pauseBeforeRepeatMs } from '../outbox/index.ts';
import { type Change, findVersion } from '../protocol/agreement/book.ts';
import { settleAcceptance, settleProposal } from '../protocol/agreement/negotiation.ts';
import type { EntityId, ExchangeId } from '../protocol/ids.ts';
import { lockBook } from './book-store.ts';
import type { AgreementDeps } from './deps.ts';
import { readFirstSaid, readOwnExchanges } from './exchange-store.ts';
import { recordChanges } from './record.ts';
import { type AgreementAct, declineBody, type Speaker } from './speak.ts';
import {
  acknowledgeTermination,
  dropTermination,
  readAnswerNote,
  readTerminations,
  tellTermination,
  writeChanges,
} from './store.ts';

/** What became of an own act: the exchange's end, and what it was about. */
type Told = SettledItem & { version: string };

/** The answers to this side's own acts. Acceptances, refusals and terminations never end by expiry: they are said again. */
export function createAgreementOutcomes(deps: AgreementDeps, speaker: Speaker): OutcomeListener[] {
  const { evidence, registry } = deps;

  async function change(tx: Tx, told: Told, changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    const given = { at: told.settledAt, reason: told.reason ?? undefined };
    await writeChanges(tx, told.peer, changes, given);
    const exchange = { iss: registry.self.entityId, jti: told.jti };
    await recordChanges(tx, evidence, changes, { ...given, peer: told.peer, exchange });
  }

  async function sayAgain(
    tx: Tx,
    told: Told,
    act: AgreementAct,
    body: object,
    now: Date,
  ): Promise<ExchangeId> {
    const first = await readFirstSaid(tx, { version: told.version, act, iss: registry.self.entityId });
    return speaker.say(tx, {
      peer: told.peer as EntityId,
      act,
      version: told.version,
      manifest: saltedManifest(body),
      at: now,
      submitted: false,
      notBefore: new Date(now.getTime() + pauseBeforeRepeatMs(first, now)),
    });
  }

  const listeners: Record<AgreementAct, (tx: Tx, told: Told) => Promise<void>> = {
    async 'agreement.propose'(tx, told) {
      const { book } = await lockBook(tx, told.peer);
      const version = findVersion(book, told.version);
      if (told.state === 'accepted') {
        if (version?.state !== 'withdrawn' && version?.state !== 'crossed') return;
        const { version: id, settledAt: at } = told;
        const note = await readAnswerNote(tx.client, id);
        await speaker.takeBack(tx, { peer: told.peer as EntityId, version: id, at, submitted: false, note });
        return;
      }
      // Without any answer the peer may hold it, and may still accept: it stays open until it expires.
      if (told.reason === 'exchange.unconfirmed') return;
      const state =
        told.reason === 'agreement.crossed' ? 'crossed' : isUndecided(told) ? 'expired' : 'refused';
      await change(tx, told, settleProposal(book, told.version, state));
    },
    async 'agreement.accept'(tx, told) {
      const { book, now } = await lockBook(tx, told.peer);
      if (isUndecided(told)) {
        const waiting = findVersion(book, told.version)?.state === 'accepting';
        if (waiting) await sayAgain(tx, told, 'agreement.accept', { agreement: told.version }, now);
        return;
      }
      const agreedAtMs = told.state === 'accepted' ? told.decidedAt?.getTime() : undefined;
      await change(tx, told, settleAcceptance(book, told.version, agreedAtMs));
    },
    async 'agreement.decline'(tx, told) {
      if (!isUndecided(told)) return;
      const { book, now } = await lockBook(tx, told.peer);
      // Once it could not be accepted any more, nobody needs to hear of it.
      if ((findVersion(book, told.version)?.expiresAtMs ?? 0) <= now.getTime()) return;
      const note = await readAnswerNote(tx.client, told.version);
      await sayAgain(tx, told, 'agreement.decline', declineBody(told.version, note), now);
    },
    async 'agreement.terminate'(tx, told) {
      const { now } = await lockBook(tx, told.peer);
      if (!isUndecided(told)) {
        // Refused for good, it ends nothing: both books say so, and notice can be given anew.
        if (told.state === 'accepted') await acknowledgeTermination(tx, told.jti, told.settledAt);
        else await dropTermination(tx, told.jti);
        return;
      }
      const said = (await readTerminations(tx.client, [told.version])).get(told.version) ?? [];
      // Where a sooner end was said since, the exchange that says that one goes on.
      const own = said.find((one) => one.by === 'self' && one.jti === told.jti);
      if (own === undefined) return;
      const body = terminationBody(told.version, own);
      await tellTermination(tx, told.version, await sayAgain(tx, told, 'agreement.terminate', body, now));
    },
  };

  return Object.entries(listeners).map(([act, settle]) => ({
    act,
    async settled(tx, items) {
      const about = await readOwnExchanges(
        tx,
        registry.self.entityId,
        items.map((item) => item.jti),
      );
      const versions = new Map(about.map((one) => [one.jti, one.version]));
      // In one order, so that two batches never wait for each other's books.
      const told = items
        .flatMap((item) => {
          const version = versions.get(item.jti);
          return version === undefined ? [] : [{ ...item, version }];
        })
        .sort((a, b) => (a.peer < b.peer ? -1 : 1));
      for (const one of told) await settle(tx, one);
    },
  }));
}

export function terminationBody(
  agreement: string,
  { noticedAt, endsAt, note }: { noticedAt: Date; endsAt: Date; note: string | null },
) {
  return {
    agreement,
    noticedAt: noticedAt.toISOString(),
    endsAt: endsAt.toISOString(),
    ...(note !== null && { note }),
  };
}
