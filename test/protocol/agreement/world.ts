import { createHash } from 'node:crypto';
import {
  applyChanges,
  type Book,
  type Change,
  findVersion,
  newestVersion,
  type Version,
  type VersionId,
} from '../../../src/protocol/agreement/book.ts';
import {
  accept,
  decline,
  propose,
  type Step,
  settleAcceptance,
  settleProposal,
  takeAcceptance,
  takeDecline,
  takeProposal,
  takeTermination,
  terminate,
} from '../../../src/protocol/agreement/negotiation.ts';
import { currentVersion, ruleOn } from '../../../src/protocol/agreement/ruling.ts';
import { REFUSALS, type RefusalCode } from '../../../src/protocol/refusal.ts';

export const MINUTE = 60_000;
export const DAY = 86_400_000;

type Act =
  | { act: 'propose'; version: Omit<Version, 'proposer' | 'state'>; declines: VersionId | undefined }
  | { act: 'accept' | 'decline'; id: VersionId }
  | { act: 'terminate'; root: VersionId; noticedAtMs: number; endsAtMs: number }
  | { act: 'message'; agr: VersionId };

type Decision = { atMs: number; code: RefusalCode | undefined };

/** One exchange: what its sender signed, what its recipient decided, and whether the sender has heard. */
export type Exchange = {
  from: 0 | 1;
  said: Act;
  decision: Decision | undefined;
  settled: boolean;
};

export type Institution = { book: Book; offsetMs: number; rev: number };

const other = (side: 0 | 1): 0 | 1 => (side === 0 ? 1 : 0);

/**
 * Two institutions that negotiate over a network which loses, delays, reorders and repeats: an exchange may be
 * delivered at any time and any number of times, its receipt may be lost as often, and a sender may close it. Both
 * clocks are off by their own amount. What the nodes do around the pure steps is done here in the same way.
 */
export function createWorld(offsetsMs: readonly [number, number], startMs: number) {
  const empty: Book = { versions: [], terminations: [] };
  const sides: [Institution, Institution] = [
    { book: empty, offsetMs: offsetsMs[0], rev: 0 },
    { book: empty, offsetMs: offsetsMs[1], rev: 0 },
  ];
  const exchanges: Exchange[] = [];
  /** Who put their name under which version. */
  const signed = new Map<VersionId, Set<0 | 1>>();
  let nowMs = startMs;
  let count = 0;

  const nthLast = (pick: number) => exchanges.at(-1 - (pick % Math.max(1, exchanges.length)));
  const clockOf = (side: 0 | 1) => nowMs + sides[side].offsetMs;
  const sign = (side: 0 | 1, id: VersionId) => signed.set(id, (signed.get(id) ?? new Set()).add(side));
  const send = (from: 0 | 1, said: Act) =>
    exchanges.push({ from, said, decision: undefined, settled: false });

  function change(side: 0 | 1, changes: readonly Change[]): void {
    sides[side].book = applyChanges(sides[side].book, changes);
    for (const one of changes) if (one.kind === 'state') tellDropped(side, one.id);
  }

  /** Whoever drops a proposal that the other side took says so. */
  function tellDropped(side: 0 | 1, id: VersionId): void {
    const version = findVersion(sides[side].book, id);
    if (version?.proposer !== 'self' || !['withdrawn', 'crossed'].includes(version.state)) return;
    const proposed = exchanges.find(
      ({ from, said }) => from === side && said.act === 'propose' && said.version.id === id,
    );
    const taken = proposed?.settled === true && proposed.decision?.code === undefined;
    if (taken) send(side, { act: 'decline', id });
  }

  function step(side: 0 | 1, result: Step<string>): boolean {
    if (result.ok) change(side, result.changes);
    return result.ok;
  }

  function judge(side: 0 | 1, said: Act): RefusalCode | undefined {
    const { book } = sides[side];
    const now = clockOf(side);
    const result = (() => {
      switch (said.act) {
        case 'propose':
          return takeProposal(book, { ...said.version, proposer: 'peer', state: 'open' }, said.declines, now);
        case 'accept':
          return takeAcceptance(book, said.id, now);
        case 'decline':
          return takeDecline(book, said.id);
        case 'terminate':
          return takeTermination(book, said, now);
        case 'message': {
          const ruling = ruleOn(book, said.agr, now);
          if (!ruling.ok) return ruling;
          if (ruling.version?.id !== said.agr) throw new Error('judged under another version');
          if (signed.get(said.agr)?.size !== 2) throw new Error('judged under a version of one side');
          return { ok: true as const, changes: [] };
        }
      }
    })();
    if (!result.ok) return result.code;
    change(side, result.changes);
    return undefined;
  }

  function settle(exchange: Exchange, decision: Decision): void {
    if (exchange.settled) return;
    exchange.settled = true;
    const { from, said } = exchange;
    const { code } = decision;
    if (code === 'exchange.closed') {
      // What a node says of itself is said again; a proposal that never arrived is over.
      if (said.act === 'propose') change(from, settleProposal(sides[from].book, said.version.id, 'expired'));
      else if (said.act !== 'message') send(from, said);
      return;
    }
    if (said.act === 'propose') {
      const state = code === 'agreement.crossed' ? 'crossed' : 'refused';
      if (code === undefined) tellDropped(from, said.version.id);
      else change(from, settleProposal(sides[from].book, said.version.id, state));
    }
    if (said.act === 'accept') {
      const atMs = code === undefined ? Math.floor(decision.atMs / 1000) * 1000 : undefined;
      change(from, settleAcceptance(sides[from].book, said.id, atMs));
    }
  }

  return {
    sides,
    exchanges,
    get nowMs() {
      return nowMs;
    },
    advance(ms: number) {
      nowMs += ms;
    },
    propose(side: 0 | 1, wish: { effectiveInMs: number; drainMs: number; noticeMs: number; lifeMs: number }) {
      const me = sides[side];
      const now = clockOf(side);
      const newest = newestVersion(me.book);
      const asked = me.book.versions.find(
        (one) => one.proposer === 'peer' && one.state === 'open' && one.expiresAtMs > now,
      );
      const id = createHash('sha256').update(`${side} ${count++}`).digest('base64url');
      me.rev++;
      const version: Version = {
        id,
        proposer: 'self',
        rev: me.rev,
        root: newest?.root ?? id,
        replaces: newest?.id ?? null,
        state: 'open',
        expiresAtMs: now + wish.lifeMs,
        effectiveFromMs: now + wish.effectiveInMs,
        drainMs: wish.drainMs,
        noticeMs: wish.noticeMs,
        agreedAtMs: null,
      };
      if (!step(side, propose(me.book, version, asked?.id, now))) return;
      sign(side, id);
      send(side, { act: 'propose', version, declines: asked?.id });
    },
    accept(side: 0 | 1, pick: number) {
      const open = sides[side].book.versions.filter((one) => one.proposer === 'peer' && one.state === 'open');
      const version = open[pick % Math.max(1, open.length)];
      if (version === undefined) return;
      if (!step(side, accept(sides[side].book, version.id, clockOf(side)))) return;
      sign(side, version.id);
      send(side, { act: 'accept', id: version.id });
    },
    decline(side: 0 | 1, pick: number) {
      const open = sides[side].book.versions.filter((one) => one.state === 'open');
      const version = open[pick % Math.max(1, open.length)];
      if (version === undefined) return;
      const declined = step(side, decline(sides[side].book, version.id));
      if (declined && version.proposer === 'peer') send(side, { act: 'decline', id: version.id });
    },
    terminate(side: 0 | 1, extraMs: number) {
      const newest = newestVersion(sides[side].book);
      if (newest === undefined) return;
      const { root } = newest;
      const now = clockOf(side);
      const bound = sides[side].book.versions.filter((one) => one.root === root);
      const notice = {
        root,
        noticedAtMs: now,
        endsAtMs: now + Math.max(...bound.map((one) => one.noticeMs)) + extraMs,
      };
      if (step(side, terminate(sides[side].book, notice))) send(side, { act: 'terminate', ...notice });
    },
    message(side: 0 | 1) {
      const current = currentVersion(sides[side].book, clockOf(side));
      if (current !== undefined) send(side, { act: 'message', agr: current.id });
    },
    /** The network brings an exchange: the first decision is the only one. What is transient leaves no trace. */
    deliver(pick: number) {
      const exchange = nthLast(pick);
      if (exchange === undefined || exchange.decision !== undefined) return;
      const side = other(exchange.from);
      const code = judge(side, exchange.said);
      if (code !== undefined && REFUSALS[code].kind !== 'decided') return;
      exchange.decision = { atMs: clockOf(side), code };
    },
    /** The network brings a receipt. */
    answer(pick: number) {
      const exchange = nthLast(pick);
      if (exchange?.decision !== undefined) settle(exchange, exchange.decision);
    },
    /** The sender gives up: what was decided stands, else the recipient commits to never deciding. */
    close(pick: number) {
      const exchange = nthLast(pick);
      if (exchange === undefined || exchange.settled) return;
      exchange.decision ??= { atMs: clockOf(other(exchange.from)), code: 'exchange.closed' };
      settle(exchange, exchange.decision);
    },
    /** The sender hears nothing for so long that it says the same again, while the first may still be under way. */
    sayAgain(pick: number) {
      const exchange = nthLast(pick);
      if (exchange === undefined || exchange.settled) return;
      if (exchange.said.act === 'accept' || exchange.said.act === 'terminate')
        send(exchange.from, exchange.said);
    },
    /** The network heals. Returns what can never be delivered. */
    quiesce(): Exchange[] {
      for (let round = 0; round < 50; round++) {
        const waiting = exchanges.filter((exchange) => !exchange.settled);
        if (waiting.length === 0) return [];
        for (const exchange of waiting) {
          const pick = exchanges.length - 1 - exchanges.indexOf(exchange);
          this.deliver(pick);
          this.answer(pick);
        }
      }
      return exchanges.filter((exchange) => !exchange.settled);
    },
  };
}

export type World = ReturnType<typeof createWorld>;
