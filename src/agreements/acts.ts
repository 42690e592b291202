import type { Tx } from '../db/index.ts';
import type { ActHandler, InboundItem, Verdict } from '../exchange/index.ts';
import type { Book, Change, Version } from '../protocol/agreement/book.ts';
import {
  type Step,
  takeAcceptance,
  takeDecline,
  takeProposal,
  takeTermination,
} from '../protocol/agreement/negotiation.ts';
import type {
  AgreementAcceptBody,
  AgreementDeclineBody,
  AgreementProposeBody,
  AgreementTerminateBody,
} from '../protocol/agreement/terms.ts';
import { findProposalProblem } from '../protocol/agreement/terms-check.ts';
import { lockBook } from './book-store.ts';
import type { AgreementDeps } from './deps.ts';
import { insertExchange } from './exchange-store.ts';
import { versionOfProposal } from './proposal.ts';
import { recordChanges } from './record.ts';
import type { AgreementAct, Speaker } from './speak.ts';
import { countProposals, type ProposalText, writeChanges } from './store.ts';

/** More than people negotiate, and few enough to be kept for ever. */
const MAX_PROPOSALS_A_DAY = 100;

/** One act of a peer: how it is judged, and what it is about. */
type PeerAct = {
  step(book: Book, item: InboundItem): Step;
  version(item: InboundItem): string;
  text?(item: InboundItem): ProposalText;
};

const bodyOf = <Body>(item: InboundItem) => item.manifest.body as unknown as Body;

function peerActs(self: () => string): Record<AgreementAct, PeerAct> {
  const proposed = (item: InboundItem) => item.claims.manifest.sha256;
  const named = (item: InboundItem) => bodyOf<AgreementAcceptBody>(item).agreement;
  return {
    'agreement.propose': {
      version: proposed,
      text(item) {
        const { declines, note, terms } = bodyOf<AgreementProposeBody>(item);
        return { declines: declines ?? null, note: note ?? null, terms };
      },
      step(book, item) {
        const body = bodyOf<AgreementProposeBody>(item);
        if (findProposalProblem(body, [self(), item.iss], item.claims.iat * 1000) !== undefined) {
          return { ok: false, code: 'manifest.invalid' };
        }
        const version = versionOfProposal(book, proposed(item), 'peer', body);
        return takeProposal(book, version, body.declines, item.decidedAt.getTime());
      },
    },
    'agreement.accept': {
      version: named,
      step: (book, item) => takeAcceptance(book, named(item), item.decidedAt.getTime()),
    },
    'agreement.decline': {
      version: named,
      step: (book, item) => takeDecline(book, bodyOf<AgreementDeclineBody>(item).agreement),
    },
    'agreement.terminate': {
      version: named,
      step(book, item) {
        const { agreement, noticedAt, endsAt } = bodyOf<AgreementTerminateBody>(item);
        const notice = {
          root: agreement,
          noticedAtMs: Date.parse(noticedAt),
          endsAtMs: Date.parse(endsAt),
        };
        return takeTermination(book, notice, item.decidedAt.getTime());
      },
    },
  };
}

/**
 * The acts of agreements, from the peer. A transaction takes one of them from each peer: what it changes decides on the
 * next, and they are far too rare to share a commit.
 */
export function createAgreementHandlers(deps: AgreementDeps, speaker: Speaker): ActHandler[] {
  const { evidence, registry } = deps;
  const taken = new WeakMap<Tx, Map<string, { book: Book; changes: Change[] }>>();

  function takenIn(tx: Tx): Map<string, { book: Book; changes: Change[] }> {
    const known = taken.get(tx) ?? new Map();
    taken.set(tx, known);
    return known;
  }

  async function write(tx: Tx, act: PeerAct, item: InboundItem): Promise<void> {
    const step = takenIn(tx).get(item.iss);
    if (step === undefined) throw new Error('an act that was not judged');
    const { iss, jti, decidedAt: at } = item;
    const { note } = bodyOf<{ note?: string }>(item);
    await writeChanges(tx, iss, step.changes, { at, note, ...(act.text && { text: act.text(item) }) });
    await insertExchange(tx, { iss, jti, version: act.version(item), act: item.claims.act, at });
    await recordChanges(tx, evidence, step.changes, { peer: iss, at, exchange: { iss, jti } });
    for (const version of droppedBy(step.book, step.changes)) {
      await speaker.takeBack(tx, { peer: item.claims.iss, version: version.id, at, submitted: false });
    }
  }

  const acts = peerActs(() => registry.self.entityId);
  return Object.entries(acts).map(([name, act]) => ({
    act: name,
    content: 'none',
    link: 'none',
    async judge(tx, items) {
      const steps = takenIn(tx);
      const verdicts = new Map<InboundItem, Verdict | undefined>();
      // Books are locked in one order, whoever came first.
      for (const item of [...items].sort((a, b) => (a.iss < b.iss ? -1 : 1))) {
        if (steps.has(item.iss)) {
          verdicts.set(item, { refusal: 'exchange.in_progress' });
          continue;
        }
        const { book } = await lockBook(tx, item.iss);
        if (name === 'agreement.propose' && (await countProposals(tx, item.iss)) >= MAX_PROPOSALS_A_DAY) {
          verdicts.set(item, { refusal: 'rate.limited' });
          continue;
        }
        const step = act.step(book, item);
        steps.set(item.iss, { book, changes: step.ok ? step.changes : [] });
        verdicts.set(item, step.ok ? undefined : { refusal: step.code });
      }
      return items.map((item) => verdicts.get(item));
    },
    async apply(tx, items) {
      for (const item of items) await write(tx, act, item);
    },
  }));
}

/** Own proposals that gave way to one of the peer, who has still to be told. */
function droppedBy(book: Book, changes: readonly Change[]): Version[] {
  return changes.flatMap((change) => {
    if (change.kind !== 'state' || (change.state !== 'crossed' && change.state !== 'terminated')) return [];
    const version = book.versions.find((one) => one.id === change.id);
    return version?.proposer === 'self' ? [version] : [];
  });
}
