import type { PeerAnswer } from '../exchange/index.ts';
import { type EntityId, type LinkId, parseLinkId } from '../protocol/ids.ts';
import { parseStrictJson } from '../protocol/jose/strict-json.ts';
import type { Manifest } from '../protocol/manifest.ts';
import { encodeRandom128 } from '../protocol/nonce.ts';
import { Refusal } from '../protocol/refusal.ts';
import { findSchemaProblem } from '../protocol/schemas/validators.ts';
import {
  IMAGE_MAX_BYTES,
  IMAGE_TYPES,
  type ImageType,
  type SlotMessageBody,
} from '../protocol/slot/message.ts';
import { randomBytesOf } from '../random.ts';
import { checkMessage, type GivenMessage } from './check.ts';
import type { SlotDeps } from './deps.ts';

/** What one node asks another before it sends: the link, the version it would name, and the message. */
export type PreflightRequest = {
  link: string;
  agr: string;
  message: SlotMessageBody;
  /** Of the image it would have. */
  image?: { type: ImageType; size: number };
};

/** What the host would answer now. It promises nothing: what counts is the receipt. */
export type PreflightAnswer = {
  outcome: 'placed' | 'deferred' | 'refused';
  /** The host's, which may know codes that this node doesn't. */
  code?: string;
  /** RFC 3339, rounded up to the hour. */
  nextEligibleAt?: string;
};

export type Preflight = {
  /** At the host. @throws Refusal `request.query`, `rate.limited` */
  answer(peer: EntityId, given: unknown): Promise<PreflightAnswer>;
  /** At the guest: asks the host. @throws Refusal as `send` does, `message.unanswered` */
  ask(given: GivenMessage): Promise<PreflightAnswer>;
};

export function createPreflight(
  deps: Pick<
    SlotDeps,
    'db' | 'clock' | 'registry' | 'links' | 'agreements' | 'ledger' | 'exchange' | 'chargePreflight'
  >,
): Preflight {
  return {
    async answer(peer, given) {
      const { link, agr, message, image } = readRequest(given);
      // An answer tells a little of the customer, so that nobody asks all the time.
      const charged = deps.chargePreflight(`${peer} ${link}`);
      if (!charged.ok) {
        throw new Refusal('rate.limited', { retryAfterS: Math.ceil(charged.retryAfterMs / 1000) });
      }
      const manifest: Manifest = {
        salt: encodeRandom128(randomBytesOf(16)),
        body: message as unknown as Manifest['body'],
        // Of what it would hold nothing is asked but this.
        ...(image !== undefined && { content: { ...image, name: 'image', sha256: '' } }),
      };
      const aud = deps.registry.self.entityId;
      const claims = { iss: peer, aud, act: 'slot.message', sub: link, agr };
      const { refusal, outcome, nextEligibleAt } = await deps.exchange().preview({ claims, manifest });
      return {
        outcome: refusal === undefined ? (outcome ?? 'placed') : 'refused',
        ...(refusal !== undefined && { code: refusal }),
        ...(nextEligibleAt !== undefined && { nextEligibleAt }),
      };
    },

    async ask(given) {
      const {
        body: message,
        image,
        peer,
        agreement,
      } = await deps.db.transact((tx) => checkMessage(tx, deps, given));
      const agr = agreement.id;
      const asked: PreflightRequest = {
        ...{ link: given.link, agr, message },
        ...(image !== undefined && { image: { type: image.type, size: image.size } }),
      };
      const json = Buffer.from(JSON.stringify(asked));
      const answer = await deps.exchange().peers.call(peer, { method: 'POST', path: '/preflight', json });
      if (!('status' in answer)) throw new Refusal('message.unanswered', { detail: answer.code });
      return readAnswer(answer);
    },
  };
}

/** A peer's word, held to its shape before it goes on. */
function readAnswer({ status, body }: PeerAnswer): PreflightAnswer {
  const parsed = parseStrictJson(body);
  const told: Partial<Record<string, unknown>> = parsed.ok && isObject(parsed.value) ? parsed.value : {};
  const { outcome, code, nextEligibleAt } = told;
  const isCode = typeof code === 'string' && /^[a-z_.]{1,60}$/.test(code);
  const isTime = typeof nextEligibleAt === 'string' && /^[0-9T:.-]{19,27}Z$/.test(nextEligibleAt);
  const fits =
    (outcome === 'placed' || outcome === 'deferred' || (outcome === 'refused' && isCode)) &&
    (nextEligibleAt === undefined || isTime);
  if (status !== 200 || !fits) {
    throw new Refusal('message.unanswered', { detail: isCode ? code : `status ${status}` });
  }
  return { outcome, ...(isCode && { code }), ...(isTime && { nextEligibleAt }) };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readRequest(given: unknown): PreflightRequest & { link: LinkId } {
  const { link, agr, message, image, ...rest } = (given ?? {}) as Partial<Record<string, unknown>>;
  const id = parseLinkId(link);
  if (id === undefined) throw new Refusal('request.query', { detail: 'link is the id of a link' });
  if (typeof agr !== 'string' || !/^[A-Za-z0-9_-]{43}$/.test(agr)) {
    throw new Refusal('request.query', { detail: 'agr is the id of an agreement version' });
  }
  const problem = findSchemaProblem('slot.message', message);
  if (problem !== undefined || Object.keys(rest).length > 0) {
    throw new Refusal('request.query', { detail: `message${problem?.pointer ?? ''}` });
  }
  return {
    ...{ link: id, agr, message: message as SlotMessageBody },
    ...(image !== undefined && { image: readImage(image) }),
  };
}

function readImage(given: unknown): NonNullable<PreflightRequest['image']> {
  const { type, size, ...rest } = (given ?? {}) as Partial<Record<string, unknown>>;
  const known = IMAGE_TYPES.find((one) => one === type);
  const fits = typeof size === 'number' && Number.isInteger(size) && size > 0 && size <= IMAGE_MAX_BYTES;
  if (known === undefined || !fits || Object.keys(rest).length > 0)
    throw new Refusal('request.query', { detail: 'image has a type and a size' });
  return { type: known, size };
}
