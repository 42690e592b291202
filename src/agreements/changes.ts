import type { Tx } from '../db/index.ts';
import { saltedManifest } from '../exchange/index.ts';
import { type Book, type Change, endOf, findVersion, type Version } from '../protocol/agreement/book.ts';
import { accept, decline, propose, type Step, terminate } from '../protocol/agreement/negotiation.ts';
import type { AgreementProposeBody, AgreementTerms } from '../protocol/agreement/terms.ts';
import { findProposalProblem, PROPOSAL_MAX_LIFETIME_MS } from '../protocol/agreement/terms-check.ts';
import { sha256 } from '../protocol/digest.ts';
import type { EntityId } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import { MANIFEST_MAX_BYTES } from '../protocol/schemas/definitions.ts';
import { findSchemaProblem } from '../protocol/schemas/validators.ts';
import { lockBook } from './book-store.ts';
import type { AgreementDeps } from './deps.ts';
import { terminationBody } from './outcomes.ts';
import { versionOfProposal } from './proposal.ts';
import { recordChanges } from './record.ts';
import { declineBody, type Speaker } from './speak.ts';
import { type ProposalText, readPeer, tellTermination, writeChanges } from './store.ts';

export type ProposeAgreement = {
  peer: string;
  terms: AgreementTerms;
  /** The version it amends. */
  replaces?: string;
  /** The peer's open proposal it answers. */
  declines?: string;
  /** Until when it may be accepted, RFC 3339; 14 days where nothing is said. */
  expiresAt?: string;
  note?: string;
};

export type TerminateAgreement = {
  /** RFC 3339; as soon as the notice allows where nothing is said. */
  endsAt?: string;
  note?: string;
};

/** What this side's institution does. Each is durable, with its exchange, when it resolves. */
export type AgreementChanges = {
  propose(given: ProposeAgreement): Promise<string>;
  accept(id: string): Promise<void>;
  /** Refuses the peer's proposal, or withdraws an own one. */
  decline(id: string, note?: string): Promise<void>;
  terminate(id: string, given: TerminateAgreement): Promise<void>;
};

export function createAgreementChanges(deps: AgreementDeps, speaker: Speaker): AgreementChanges {
  const { db, evidence, registry } = deps;

  async function write(
    tx: Tx,
    peer: EntityId,
    changes: readonly Change[],
    given: { at: Date; text?: ProposalText; note?: string | undefined },
  ): Promise<void> {
    await writeChanges(tx, peer, changes, given);
    await recordChanges(tx, evidence, changes, { peer, at: given.at });
  }

  /** The version's book, locked. */
  async function open(tx: Tx, id: string) {
    const peer = await readPeer(tx.client, id);
    if (peer === undefined) throw new Refusal('agreement.not_found');
    const locked = await lockBook(tx, peer);
    const version = findVersion(locked.book, id);
    if (version === undefined) throw new Refusal('agreement.not_found');
    return { ...locked, peer, version };
  }

  function requireActive(peer: string): EntityId {
    if (registry.peer(peer)?.state !== 'active') throw new Refusal('agreement.peer');
    return peer as EntityId;
  }

  return {
    propose: (given) =>
      db.transact(async (tx) => {
        const peer = requireActive(given.peer);
        checkTerms(given.terms);
        const { book, ownRev, now: at } = await lockBook(tx, peer);
        const body = proposalBody(given, { rev: Math.max(ownRev + 1, at.getTime()), at });
        checkProposal(body, [registry.self.entityId, peer], at);
        const manifest = saltedManifest(body);
        if (manifest.length > MANIFEST_MAX_BYTES)
          throw new Refusal('agreement.terms', { detail: 'too long' });
        const id = sha256(manifest);
        const version = versionOfProposal(book, id, 'self', body);
        const { changes } = taken(propose(book, version, given.declines, at.getTime()));
        const { declines, note, terms } = body;
        const text = { declines: declines ?? null, note: note ?? null, terms };
        await write(tx, peer, changes, { at, text });
        await speaker.say(tx, {
          peer,
          act: 'agreement.propose',
          version: id,
          manifest,
          at,
          submitted: true,
          // The delivery ends with the proposal.
          windowS: Math.floor((version.expiresAtMs - at.getTime()) / 1000),
        });
        return id;
      }),

    accept: (id) =>
      db.transact(async (tx) => {
        const { book, now: at, peer, version } = await open(tx, id);
        if (version.proposer === 'self') throw new Refusal('agreement.own');
        requireActive(peer);
        const { changes } = taken(accept(book, id, at.getTime()));
        if (changes.length === 0) return;
        await write(tx, peer, changes, { at });
        const manifest = saltedManifest({ agreement: id });
        await speaker.say(tx, { peer, act: 'agreement.accept', version: id, manifest, at, submitted: true });
      }),

    decline: (id, note) =>
      db.transact(async (tx) => {
        const { book, now: at, peer, version } = await open(tx, id);
        const { changes } = taken(decline(book, id));
        if (changes.length === 0) return;
        await write(tx, peer, changes, { at, note });
        if (version.proposer === 'self') {
          await speaker.takeBack(tx, { peer, version: id, at, submitted: true, note });
          return;
        }
        const manifest = saltedManifest(declineBody(id, note));
        await speaker.say(tx, { peer, act: 'agreement.decline', version: id, manifest, at, submitted: true });
      }),

    terminate: (id, { endsAt, note }) =>
      db.transact(async (tx) => {
        const { book, now: at, peer, version } = await open(tx, id);
        // It ends anyway, and nothing sooner is asked.
        if (endsAt === undefined && endOf(book, version.root) !== undefined) return;
        const endsAtMs = endsAt === undefined ? earliestEnd(book, version, at) : Date.parse(endsAt);
        if (endsAtMs < at.getTime()) throw new Refusal('agreement.notice');
        const { root } = version;
        const step = taken(terminate(book, { root, noticedAtMs: at.getTime(), endsAtMs }));
        if (step.changes.length === 0) return;
        await write(tx, peer, step.changes, { at, note });
        for (const change of step.changes) {
          if (change.kind !== 'state' || findVersion(book, change.id)?.proposer !== 'self') continue;
          await speaker.takeBack(tx, { peer, version: change.id, at, submitted: false });
        }
        const body = terminationBody(root, {
          noticedAt: at,
          endsAt: new Date(endsAtMs),
          note: note ?? null,
        });
        const manifest = saltedManifest(body);
        const jti = await speaker.say(tx, {
          peer,
          act: 'agreement.terminate',
          version: root,
          manifest,
          at,
          submitted: true,
        });
        await tellTermination(tx, root, jti);
      }),
  };
}

/** A step that was taken, or its refusal. */
function taken(step: Step<string>): { changes: Change[] } {
  if (!step.ok) throw new Refusal(step.code);
  return step;
}

/** As soon as every version of the agreement allows. */
function earliestEnd(book: Book, version: Version, at: Date): number {
  const signed = book.versions.filter(
    ({ root, state }) => root === version.root && (state === 'agreed' || state === 'accepting'),
  );
  return at.getTime() + Math.max(0, ...signed.map(({ noticeMs }) => noticeMs));
}

function checkTerms(terms: AgreementTerms): void {
  const problem = findSchemaProblem('agreement.terms', terms);
  if (problem === undefined) return;
  throw new Refusal('agreement.terms', { pointer: `/terms${problem.pointer}`, detail: problem.message });
}

function proposalBody(given: ProposeAgreement, { rev, at }: { rev: number; at: Date }): AgreementProposeBody {
  const { terms, replaces, declines, note } = given;
  return {
    rev,
    ...(replaces !== undefined && { replaces }),
    ...(declines !== undefined && { declines }),
    expiresAt: given.expiresAt ?? new Date(wholeSecond(at) + PROPOSAL_MAX_LIFETIME_MS).toISOString(),
    ...(note !== undefined && { note }),
    terms,
  };
}

const wholeSecond = (at: Date) => Math.floor(at.getTime() / 1000) * 1000;
/** Less would be over before it arrives. */
const PROPOSAL_MIN_LIFETIME_MS = 60_000;

function checkProposal(body: AgreementProposeBody, parties: [string, string], at: Date): void {
  const problem = findProposalProblem(body, parties, wholeSecond(at));
  const inTerms = problem?.pointer.startsWith('/terms') === true;
  if (problem !== undefined) {
    throw new Refusal(inTerms ? 'agreement.terms' : 'agreement.input', {
      pointer: problem.pointer,
      detail: problem.message,
    });
  }
  if (Date.parse(body.expiresAt) < at.getTime() + PROPOSAL_MIN_LIFETIME_MS) {
    throw new Refusal('agreement.input', { pointer: '/expiresAt', detail: 'at least a minute from now' });
  }
}
