import type { Tx } from '../../db/index.ts';
import type { ActHandler, InboundItem, Verdict } from '../../exchange/index.ts';
import {
  ANSWERS_IN_A_ROW,
  CUSTOMER_WORDS_TAKEN_A_DAY,
  type CustomerWord,
  type GuestAnswer,
  type SlotReplyBody,
} from '../../protocol/slot/reply.ts';
import type { SlotDeps } from '../deps.ts';
import { answeredKey, insertReceived, lockAnswered, lockWords, readKnownThreads } from './store.ts';
import { writeAnsweredBefore, writeHumanAnswers } from './waiting-store.ts';

type Of<Body> = { item: InboundItem; body: Body; linkId: string };

const bodyOf = (item: InboundItem) => item.manifest.body as unknown as SlotReplyBody;
const linkOf = (item: InboundItem) => item.claims.sub as string;

/** `slot.reply`: words of customers at the guest, answers at the host. */
export function createReplyHandler(deps: Pick<SlotDeps, 'registry'>): ActHandler {
  const self = () => deps.registry.self.entityId as string;
  return {
    act: 'slot.reply',
    content: 'none',
    link: 'required',
    async judge(tx, items) {
      const { words, answers } = split(items);
      const verdicts = new Map([
        ...(await judgeWords(tx, words)),
        ...(await judgeAnswers(tx, self(), answers)),
      ]);
      return items.map((item) => verdicts.get(item));
    },
    async apply(tx, items) {
      const { words, answers } = split(items);
      await insertReceived(tx, [...words.map(wordRow), ...answers.map(answerRow)]);
      await writeAnsweredBefore(
        tx,
        words.map(({ item }) => item.iss),
        words.map(({ item }) => item.jti),
      );
      await writeHumanAnswers(
        tx,
        answers
          .filter(({ body }) => body.handledBy === 'human')
          .map(({ body, linkId, item }) => ({
            linkId,
            thread: body.thread,
            answers: body.answers,
            at: receiptTime(item.decidedAt),
          })),
      );
    },
  };
}

function split(items: readonly InboundItem[]): { words: Of<CustomerWord>[]; answers: Of<GuestAnswer>[] } {
  const words: Of<CustomerWord>[] = [];
  const answers: Of<GuestAnswer>[] = [];
  for (const item of items) {
    const body = bodyOf(item);
    const linkId = linkOf(item);
    if (body.from === 'customer') words.push({ item, body, linkId });
    else answers.push({ item, body, linkId });
  }
  return { words, answers };
}

/** What a customer goes on from may still be on its way; there is no bound but one against a host gone mad. */
async function judgeWords(tx: Tx, words: readonly Of<CustomerWord>[]): Promise<Map<InboundItem, Verdict>> {
  const verdicts = new Map<InboundItem, Verdict>();
  if (words.length === 0) return verdicts;
  const named = words.flatMap(({ item, body, linkId }) =>
    [body.thread, body.message].flatMap((id) =>
      id === undefined ? [] : [{ linkId, iss: item.iss, thread: id }],
    ),
  );
  const known = await readKnownThreads(tx, named);
  const said = await lockWords(tx, [...new Set(words.map(({ linkId }) => linkId))]);
  for (const { item, body, linkId } of words) {
    const count = said.get(linkId) ?? 0;
    if (count >= CUSTOMER_WORDS_TAKEN_A_DAY) verdicts.set(item, { refusal: 'rate.limited' });
    else if ([body.thread, body.message].some((id) => id !== undefined && !known.has(`${linkId} ${id}`)))
      verdicts.set(item, { refusal: 'exchange.unknown' });
    else said.set(linkId, count + 1);
  }
  return verdicts;
}

/** The host knows all that its customers said: what answers nothing is no answer. */
async function judgeAnswers(
  tx: Tx,
  self: string,
  answers: readonly Of<GuestAnswer>[],
): Promise<Map<InboundItem, Verdict>> {
  const verdicts = new Map<InboundItem, Verdict>();
  if (answers.length === 0) return verdicts;
  const since = await lockAnswered(
    tx,
    self,
    answers.map(({ body, linkId }) => ({ linkId, thread: body.thread, answers: body.answers })),
  );
  const inThread = new Map<string, number>();
  const awaitedIn = new Set<string>();
  for (const { item, body, linkId } of answers) {
    const thread = `${linkId} ${body.thread}`;
    const before = since.get(answeredKey({ linkId, thread: body.thread, answers: body.answers }));
    if (before === undefined) {
      verdicts.set(item, { refusal: 'reply.unasked' });
      continue;
    }
    const here = inThread.get(thread) ?? 0;
    // Whom the customer asked for is never shut out by what programs said before.
    const awaited = body.handledBy === 'human' && before.waits && !awaitedIn.has(thread);
    if (awaited) awaitedIn.add(thread);
    if (before.since + here >= ANSWERS_IN_A_ROW && !awaited) verdicts.set(item, { refusal: 'reply.limit' });
    else inThread.set(thread, here + 1);
  }
  return verdicts;
}

const received = ({ item, linkId }: Of<unknown>) => ({
  iss: item.iss,
  jti: item.jti,
  peer: item.iss,
  linkId,
  bodyId: item.bodyId,
  at: item.decidedAt,
  undoUntil: null,
  state: 'accepted' as const,
  decidedAt: receiptTime(item.decidedAt),
});

const wordRow = (word: Of<CustomerWord>) => ({
  ...received(word),
  customerId: null,
  thread: word.body.thread ?? word.item.jti,
  saidBy: 'customer' as const,
  kind: word.body.kind,
  message: word.body.message ?? null,
  answers: null,
  handledBy: null,
});

const answerRow = (answer: Of<GuestAnswer>) => ({
  ...received(answer),
  customerId: answer.item.link?.customerId ?? null,
  thread: answer.body.thread,
  saidBy: 'guest' as const,
  kind: 'answer' as const,
  message: null,
  answers: answer.body.answers,
  handledBy: answer.body.handledBy,
});

/** Receipts tell seconds: what both sides measure by. */
function receiptTime(at: Date): Date {
  return new Date(Math.floor(at.getTime() / 1000) * 1000);
}
