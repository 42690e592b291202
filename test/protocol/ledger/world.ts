import { CONTACT_CATEGORIES, type ContactCategory } from '../../../src/protocol/agreement/terms.ts';
import {
  type AppliedEntry,
  applyEntries,
  type Contact,
  type GuestHead,
  type GuestView,
} from '../../../src/protocol/ledger/applying.ts';
import { balanceOf, type Imbalance, monthOf, ruleOnBalance } from '../../../src/protocol/ledger/balance.ts';
import {
  entrySeconds,
  entryTime,
  type LedgerEntry,
  type SequenceId,
  unitsOf,
} from '../../../src/protocol/ledger/entry.ts';
import type { Withdrawn } from '../../../src/protocol/ledger/overdue.ts';
import {
  appendEntries,
  emptyHead,
  findBreak,
  floorOf,
  type Head,
} from '../../../src/protocol/ledger/sequence.ts';
import {
  findStatementFault,
  type LedgerCount,
  type LedgerStatement,
  type StatementFault,
} from '../../../src/protocol/ledger/statement.ts';
import { isRefusalCode, REFUSALS, type RefusalCode } from '../../../src/protocol/refusal.ts';

export type Side = 0 | 1;
export const other = (side: Side): Side => (side === 0 ? 1 : 0);

export type Message = {
  exchange: string;
  category: ContactCategory;
  /** The version it names. */
  version: number;
  edit: boolean;
  /** How long after its decision it is to be shown. */
  eligibleInS: number;
};

export type Said =
  | { act: 'message'; message: Message }
  | { act: 'withdraw'; exchange: string }
  | { act: 'entries'; entries: readonly LedgerEntry[] }
  | { act: 'statement'; statement: LedgerStatement };

export type Exchange = {
  from: Side;
  said: Said;
  decision: { atS: number; code: RefusalCode | undefined; eligibleS?: number } | undefined;
  settled: boolean;
};

/** A message as its host keeps it. */
type Hosted = Message & { seq: number; eligibleS: number; withdrawn: boolean };

/** What one institution holds durably. All else is lost in a crash, and is not here. */
export type Institution = {
  /** As host. */
  head: Head;
  entries: LedgerEntry[];
  hosted: Map<string, Hosted>;
  lastPastMs: number | undefined;
  serviceByMonth: Map<string, number>;
  /** Posts that are owed back. */
  owed: string[];
  statements: LedgerStatement[];
  told: number;
  flight: Exchange | undefined;
  /** As guest. */
  granted: GuestHead;
  applied: (AppliedEntry & { hash: string; entry: LedgerEntry })[];
  contacts: Map<string, Contact & Withdrawn>;
  stated: LedgerStatement[];
};

export type Rules = { weights: Record<ContactCategory, number>[]; imbalance: Imbalance; batch: number };

export const sequenceOf = (host: Side): SequenceId => ({
  agreement: 'A'.repeat(43),
  host: `https://${host}.example`,
  guest: `https://${other(host)}.example`,
});

export function emptyInstitution(side: Side): Institution {
  return {
    head: emptyHead(sequenceOf(side)),
    entries: [],
    hosted: new Map(),
    lastPastMs: undefined,
    serviceByMonth: new Map(),
    owed: [],
    told: 0,
    flight: undefined,
    granted: { ...emptyHead(sequenceOf(other(side))), counted: 0 },
    applied: [],
    contacts: new Map(),
    stated: [],
    statements: [],
  };
}

export const balanceAt = ({ head, granted }: Institution) =>
  balanceOf({ hosted: head.total, acknowledged: granted.counted });

export function viewOf(me: Institution): GuestView {
  return {
    hashAt: (seq) => me.applied[seq - 1]?.hash,
    contact: (exchange) => me.contacts.get(exchange),
    entry: (seq) => me.applied[seq - 1],
  };
}

/** What a range of entries comes to: the other way to count than a database's. */
export function makeStatement(given: {
  number: number;
  entries: readonly LedgerEntry[];
  head: string;
  untilS: number;
}): LedgerStatement {
  const { number, entries, head, untilS } = given;
  const [first, last] = [entries[0], entries.at(-1)] as [LedgerEntry, LedgerEntry];
  const opening = first.total - unitsOf(first);
  const range = { number, first: first.seq, last: last.seq, head, opening, closing: last.total };
  return { ...range, counts: countsOf(entries), until: entryTime(untilS) };
}

export function countsOf(entries: readonly LedgerEntry[]): LedgerCount[] {
  const counts: LedgerCount[] = [];
  for (const category of CONTACT_CATEGORIES) {
    for (let weight = 0; weight <= 9; weight++) {
      const of = entries.filter((one) => one.category === category && one.weight === weight);
      const posted = of.filter(({ kind }) => kind === 'post').length;
      if (of.length > 0) counts.push({ category, weight, posted, reversed: of.length - posted });
    }
  }
  return counts;
}

/** A guest takes entries, or says why not. */
export function take(me: Institution, entries: readonly LedgerEntry[]): RefusalCode | undefined {
  if (findBreak(entries) !== undefined) return 'manifest.invalid';
  const applying = applyEntries(me.granted, entries, viewOf(me));
  if (!applying.ok) return applying.code;
  for (const { entry, hash, fault } of applying.taken) {
    const { seq, kind, exchange, category, weight, of } = entry;
    me.applied.push({ seq, kind, exchange, category, weight, fault, reversedBy: undefined, hash, entry });
    const contact = me.contacts.get(exchange);
    if (kind === 'post' && contact?.postedSeq === undefined && contact !== undefined) contact.postedSeq = seq;
    const post = fault === 'reversal' || of === undefined ? undefined : me.applied[of - 1];
    if (post !== undefined) post.reversedBy = seq;
    if (post !== undefined && contact !== undefined) contact.reversedSeq = seq;
  }
  me.granted = applying.head;
  return undefined;
}

/** A guest takes a statement and holds it against its own book, or says why not. */
export function takeStatement(
  me: Institution,
  statement: LedgerStatement,
  nowS: number,
): RefusalCode | StatementFault | undefined {
  const { number, last } = statement;
  const known = me.stated[number - 1];
  if (known !== undefined) return known.head === statement.head ? undefined : 'ledger.fork';
  if (number > me.stated.length + 1 || last > me.granted.seq) return 'ledger.gap';
  if (me.applied[last - 1]?.hash !== statement.head) return 'ledger.fork';
  const before = me.stated.at(-1);
  const entries = me.applied.map(({ entry }) => entry);
  const later = entries.slice(last).map(entrySeconds);
  const fault = findStatementFault(statement, {
    closedSeq: before?.last ?? 0,
    closedS: me.granted.closedS,
    opening: entries[(before?.last ?? 0) - 1]?.total ?? 0,
    counts: countsOf(entries.slice(before?.last ?? 0, last)),
    closing: entries[last - 1]?.total ?? 0,
    laterS: later.length === 0 ? undefined : Math.min(...later),
    nowS,
  });
  me.stated.push(statement);
  me.granted.closedS = Math.max(me.granted.closedS, Date.parse(statement.until) / 1000);
  return fault;
}

/** A decision that broke the tolerance of the agreement. */
export class Overspent extends Error {}

/**
 * Two institutions that place messages with each other over a network which loses, delays, reorders and repeats, and whose
 * nodes die: a step is committed or leaves no trace, and its answer may be lost either way. What the nodes do around
 * the pure functions is done here in the same way.
 */
export function createWorld(rules: Rules, startS: number) {
  const sides: [Institution, Institution] = [emptyInstitution(0), emptyInstitution(1)];
  const exchanges: Exchange[] = [];
  let nowS = startS;
  let version = 0;
  let count = 0;

  const nthLast = (pick: number) => exchanges.at(-1 - (pick % Math.max(1, exchanges.length)));
  const weightOf = ({ edit, category, version: named }: Message) =>
    edit ? 0 : (rules.weights[named]?.[category] ?? 0);

  function send(from: Side, said: Said): Exchange {
    const exchange: Exchange = { from, said, decision: undefined, settled: false };
    exchanges.push(exchange);
    return exchange;
  }

  function write(me: Institution, drafts: Parameters<typeof appendEntries>[1]): void {
    const { entries, head } = appendEntries(me.head, drafts);
    me.entries.push(...entries);
    me.head = head;
  }

  function place(side: Side, message: Message, atS: number): RefusalCode | undefined {
    const me = sides[side];
    // Whoever waited for the account until others had gone past it begins anew.
    if (atS < floorOf(me.head)) return 'exchange.in_progress';
    const weight = weightOf(message);
    const month = monthOf(atS * 1000);
    const serviceThisMonth = me.serviceByMonth.get(month) ?? 0;
    const service = message.category === 'service';
    const ruling = ruleOnBalance({
      imbalance: rules.imbalance,
      balance: balanceAt(me),
      weight,
      service,
      serviceThisMonth,
      lastPastMs: me.lastPastMs,
      nowMs: atS * 1000,
    });
    if (ruling.kind === 'refused') return ruling.code;
    if (ruling.kind === 'past') me.lastPastMs = atS * 1000;
    if (service && !message.edit) me.serviceByMonth.set(month, serviceThisMonth + 1);
    const { exchange, category } = message;
    write(me, [{ kind: 'post', exchange, category, weight, atS }]);
    const eligibleS = atS + message.eligibleInS;
    me.hosted.set(exchange, { ...message, seq: me.head.seq, eligibleS, withdrawn: false });
    const past = weight > 0 && balanceAt(me) > rules.imbalance.tolerance;
    if (past && rules.imbalance.policy === 'pause' && ruling.kind !== 'floor') throw new Overspent();
    return undefined;
  }

  function withdraw(side: Side, exchange: string, atS: number): RefusalCode | undefined {
    const me = sides[side];
    const hosted = me.hosted.get(exchange);
    if (hosted === undefined) return 'exchange.unknown';
    if (!hosted.withdrawn && atS < hosted.eligibleS) me.owed.push(exchange);
    hosted.withdrawn = true;
    return undefined;
  }

  function judge(side: Side, said: Said, atS: number): RefusalCode | undefined {
    switch (said.act) {
      case 'message':
        return place(side, said.message, atS);
      case 'withdraw':
        return withdraw(side, said.exchange, atS);
      case 'entries':
        return take(sides[side], said.entries);
      case 'statement': {
        const answer = takeStatement(sides[side], said.statement, nowS);
        if (answer === undefined || isRefusalCode(answer)) return answer;
        throw new Error(`an honest statement is disputed: ${answer}`);
      }
    }
  }

  function settle(exchange: Exchange, decision: NonNullable<Exchange['decision']>): void {
    if (exchange.settled) return;
    exchange.settled = true;
    const { from, said } = exchange;
    const me = sides[from];
    const accepted = decision.code === undefined;
    switch (said.act) {
      case 'message': {
        const contact = me.contacts.get(said.message.exchange);
        if (contact === undefined) throw new Error('a message without its contact');
        contact.state = accepted ? 'accepted' : 'refused';
        contact.decidedS = decision.atS;
        const { eligibleS } = decision;
        if (eligibleS !== undefined && eligibleS > decision.atS)
          contact.eligibleByS = Math.ceil(eligibleS / 3600) * 3600;
        return;
      }
      case 'withdraw': {
        const contact = me.contacts.get(said.exchange);
        if (accepted && contact !== undefined) contact.withdrawnS ??= decision.atS;
        return;
      }
      case 'entries':
        if (me.flight === exchange) me.flight = undefined;
        if (accepted) me.told = Math.max(me.told, said.entries.at(-1)?.seq ?? 0);
        return;
      case 'statement':
        // What a node says of itself is said again.
        if (!accepted) send(from, said);
    }
  }

  return {
    sides,
    exchanges,
    rules,
    weightOf,
    get nowS() {
      return nowS;
    },
    advance(seconds: number) {
      nowS += seconds;
    },
    amend() {
      version = Math.min(version + 1, rules.weights.length - 1);
    },
    message(side: Side, wish: Pick<Message, 'category' | 'edit' | 'eligibleInS'>) {
      const exchange = `${side}-${count++}`;
      const message = { exchange, version, ...wish };
      sides[side].contacts.set(exchange, {
        category: message.category,
        weight: weightOf(message),
        state: 'sent',
        decidedS: undefined,
        postedSeq: undefined,
        withdrawnS: undefined,
        eligibleByS: undefined,
        reversedSeq: undefined,
        replaced: false,
      });
      return send(side, { act: 'message', message });
    },
    withdraw(side: Side, pick: number) {
      const accepted = [...sides[side].contacts].filter(([, { state }]) => state === 'accepted');
      const chosen = accepted.at(-1 - (pick % Math.max(1, accepted.length)));
      if (chosen !== undefined) send(side, { act: 'withdraw', exchange: chosen[0] });
    },
    /** The host looks for posts it owes back. */
    giveBack(side: Side) {
      const me = sides[side];
      const drafts = me.owed.splice(0).map((exchange) => {
        const { seq: of, category } = me.hosted.get(exchange) as Hosted;
        const weight = me.entries[of - 1]?.weight ?? 0;
        const atS = Math.max(nowS, floorOf(me.head));
        return { kind: 'reverse' as const, exchange, category, weight, of, atS };
      });
      write(me, drafts);
    },
    /** The host closes its book until now. */
    state(side: Side) {
      const me = sides[side];
      this.giveBack(side);
      const number = me.statements.length + 1;
      const entries = me.entries.slice(me.statements.at(-1)?.last ?? 0);
      if (entries.length === 0) return;
      const statement = makeStatement({ number, entries, head: me.head.hash, untilS: nowS });
      me.head = { ...me.head, closedS: nowS };
      me.statements.push(statement);
      send(side, { act: 'statement', statement });
    },
    /** The host tells what is new, one exchange at a time. */
    tell(side: Side) {
      const me = sides[side];
      if (me.flight !== undefined || me.told >= me.head.seq) return;
      const entries = me.entries.slice(me.told, me.told + rules.batch);
      me.flight = send(side, { act: 'entries', entries });
    },
    /**
     * The network brings an exchange: the first decision is the only one, what is transient leaves no trace. `lateS`: how
     * long ago the deciding transaction read its clock.
     */
    deliver(pick: number, lateS = 0) {
      const exchange = nthLast(pick);
      if (exchange === undefined || exchange.decision !== undefined) return;
      const { from, said } = exchange;
      const side = other(from);
      const atS = nowS - lateS;
      const code = judge(side, said, atS);
      if (code !== undefined && REFUSALS[code].kind !== 'decided') return;
      const hosted = said.act === 'message' ? sides[side].hosted.get(said.message.exchange) : undefined;
      exchange.decision = { atS, code, ...(hosted !== undefined && { eligibleS: hosted.eligibleS }) };
    },
    /** The node dies while it decides: nothing was committed. */
    crashWhileDeciding(pick: number) {
      const exchange = nthLast(pick);
      if (exchange === undefined || exchange.decision !== undefined) return;
      const side = other(exchange.from);
      const before = structuredClone({ ...sides[side], flight: undefined });
      const { flight } = sides[side];
      judge(side, exchange.said, nowS);
      sides[side] = { ...before, flight };
    },
    /** The network brings a receipt; one that is lost is simply not brought. */
    answer(pick: number) {
      const exchange = nthLast(pick);
      if (exchange?.decision !== undefined) settle(exchange, exchange.decision);
    },
    /** The sender gives up: what was decided stands, else the recipient commits to never deciding. */
    close(pick: number) {
      const exchange = nthLast(pick);
      if (exchange === undefined || exchange.settled) return;
      exchange.decision ??= { atS: nowS, code: 'exchange.closed' };
      settle(exchange, exchange.decision);
    },
    /** The host hears nothing for so long that it tells the same again, while the first may still be under way. */
    tellAgain(side: Side) {
      sides[side].flight = undefined;
      this.tell(side);
    },
    /** The network heals. */
    quiesce(): void {
      for (let round = 0; round < 200; round++) {
        for (const side of [0, 1] as const) {
          this.giveBack(side);
          this.tell(side);
        }
        const waiting = exchanges.filter((exchange) => !exchange.settled);
        const quiet = sides.every((me) => me.told === me.head.seq && me.owed.length === 0);
        if (waiting.length === 0 && quiet) return;
        for (const exchange of waiting) {
          const pick = exchanges.length - 1 - exchanges.indexOf(exchange);
          this.deliver(pick);
          this.answer(pick);
        }
      }
      throw new Error('it never becomes quiet');
    },
    /** Units that a guest has not applied yet, by entry. */
    unacknowledged(host: Side): LedgerEntry[] {
      return sides[host].entries.slice(sides[other(host)].granted.seq);
    },
    unitsOf,
  };
}

export type World = ReturnType<typeof createWorld>;
