import type { RefusalCode } from '../../src/protocol/refusal.ts';
import { current } from './agreement-states.ts';
import { instant } from './agreements.ts';
import { CONTENT, DAY_S, NOW, uuid } from './fixtures.ts';
import { acceptance, type Put, partner, put, refusal } from './refusal-requests.ts';
import type { RefusalCase, Step, WireRequest } from './refusal-shapes.ts';
import { imageCases } from './slot-images.ts';
import { messageBody, slotManifest, TEXT } from './slot-messages.ts';
import { ANSWERED, slotLink, WAITING } from './slot-states.ts';

type Changes = Record<string, unknown>;
const HOUR_S = 3600;

const carry = (name: string, act: string, body: object, claims: Changes, options: Partial<Put> = {}) =>
  put({
    name,
    key: partner.exchange,
    manifest: slotManifest(name, body),
    content: Buffer.alloc(0),
    ...options,
    claims: { iss: partner.id, act, agr: current.id, content: undefined, ...claims },
  });

/** A message to a customer. */
const message = (name: string, customer: string, body: Changes = {}, claims: Changes = {}): WireRequest =>
  carry(name, 'slot.message', messageBody(body), { sub: slotLink(customer), ...claims });
const withdraw = (name: string, customer: string, of: string): WireRequest =>
  carry(name, 'slot.withdraw', { message: uuid(of) }, { sub: slotLink(customer), agr: undefined });

const reply = (name: string, customer: string, body: object): WireRequest =>
  carry(name, 'slot.reply', body, { sub: slotLink(customer), agr: undefined });
const answer = (name: string, customer: string, to: { thread: string; answers: string }): WireRequest =>
  reply(name, customer, { from: 'guest', ...to, handledBy: 'human', text: 'Bonjour.', language: 'fr' });

const placed = (request: WireRequest): Step => acceptance(request, { outcome: 'placed' });

/** What slots and messages are refused for. */
export function slotCases(): RefusalCase[] {
  const steps = (code: RefusalCode, name: string, ...of: Step[]): RefusalCase => ({ code, name, steps: of });
  const one = (code: RefusalCode, name: string, request: WireRequest, nextEligibleAt?: string) =>
    steps(code, name, refusal(code, request, nextEligibleAt));
  const asked = (code: RefusalCode, name: string, body: Changes, claims: Changes = {}) =>
    one(code, name, message(name, 'asked', body, claims));
  const told = (seconds: number) => instant(NOW + seconds, '.000');
  return [
    asked('agreement.missing', 'a message under no agreement', {}, { agr: undefined }),
    asked('link.missing', 'a message without a link', {}, { sub: undefined }),
    asked('manifest.invalid', 'a message with an image', { image: 'https://partner.example/pixel.png' }),
    one(
      'content.unexpected',
      'a withdrawal with a content',
      carry(
        'a withdrawal with a content',
        'slot.withdraw',
        { message: uuid('nobody’s message') },
        { sub: slotLink('asked'), agr: undefined, content: { size: CONTENT.length } },
        { content: CONTENT },
      ),
    ),
    ...imageCases(),
    asked('link.scope', 'a message of a category without consent', { category: 'offer' }),
    asked('slot.unknown', 'a message for a slot nobody granted', { slot: 'nobody' }),
    asked('slot.paused', 'a message for a paused slot', { slot: 'paused' }),
    asked('slot.no_human', 'a message for a slot without a person', { slot: 'no-human' }),
    asked('slot.human_unreachable', 'a message for a slot where no person answers', { slot: 'no-answer' }),
    asked('message.category', 'a message of a category the slot does not take', { category: 'survey' }),
    asked('message.locale', 'a message in another language', { texts: [{ ...TEXT, language: 'de' }] }),
    asked('message.too_long', 'a title over the length the slot takes', {
      texts: [{ ...TEXT, title: 'é'.repeat(21) }],
    }),
    asked('message.link', 'a link made for one person', {
      actions: [{ kind: 'link', label: 'Voir', url: 'https://a.example/conseils?client=42' }],
    }),
    asked('message.lifetime', 'a message that ends now', { expiresAt: instant(NOW) }),
    steps(
      'message.capacity',
      'one message more than the slot holds',
      placed(message('fills the slot', 'full', { slot: 'one-place', expiresAt: instant(NOW + DAY_S + 60) })),
      placed(message('of another slot', 'full')),
      placed(
        message('edits what fills it', 'full', {
          slot: 'one-place',
          replaces: uuid('fills the slot'),
          expiresAt: instant(NOW + DAY_S + 60),
        }),
      ),
      refusal(
        'message.capacity',
        message('one too many', 'full', { slot: 'one-place' }),
        told(DAY_S + HOUR_S),
      ),
    ),
    steps(
      'message.cap',
      'one message more than a cap leaves',
      acceptance(
        message('first of the day', 'capped', { slot: 'one-a-day', notBefore: instant(NOW + HOUR_S) }),
        { outcome: 'deferred', nextEligibleAt: told(HOUR_S) },
      ),
      placed(
        message('first of the day, edited', 'capped', {
          slot: 'one-a-day',
          replaces: uuid('first of the day'),
        }),
      ),
      acceptance(withdraw('first of the day, withdrawn', 'capped', 'first of the day, edited')),
      placed(message('a service message', 'capped', { slot: 'one-a-day', category: 'service' })),
      refusal('message.cap', message('second of the day', 'capped', { slot: 'one-a-day' }), told(DAY_S)),
    ),
    steps(
      'message.cap',
      'one message more than a cap leaves, over all slots',
      placed(message('first of the week', 'capped by guest')),
      placed(
        message('first of the week, edited', 'capped by guest', { replaces: uuid('first of the week') }),
      ),
      placed(message('second of the week', 'capped by guest', { slot: 'two-a-week' })),
      refusal(
        'message.cap',
        message('third of the week', 'capped by guest', { slot: 'two-a-week' }),
        told(7 * DAY_S),
      ),
      placed(message('where no cap is', 'capped by guest')),
    ),
    steps(
      'message.cap',
      'a message that is over before a cap on displays leaves one',
      acceptance(message('displayed later', 'displayed', { slot: 'one-display' }), {
        outcome: 'deferred',
        nextEligibleAt: told(23 * HOUR_S),
      }),
      refusal(
        'message.cap',
        message('never displayed', 'displayed', {
          slot: 'one-display',
          expiresAt: instant(NOW + 23 * HOUR_S),
        }),
        told(23 * HOUR_S),
      ),
      placed(message('displayed in private', 'displayed in private', { slot: 'one-display' })),
    ),
    one(
      'message.muted',
      'a message to a customer who muted the sender',
      message('muted', 'muted'),
      told(2 * DAY_S + HOUR_S),
    ),
    one(
      'message.muted',
      'a message to a customer who muted the sender for good',
      message('muted for good', 'muted for good'),
    ),
    steps(
      'message.calm_budget',
      'a message to a customer whose calm budget is used up',
      placed(message('service in spite of calm', 'calm', { category: 'service' })),
      refusal('message.calm_budget', message('calm', 'calm'), told(23 * HOUR_S)),
      placed(message('service uses up no calm', 'calm but for service')),
    ),
    one(
      'message.muted',
      'a message to a customer who muted the sender, in quiet hours and without calm budget',
      message('muted, calm and quiet', 'muted, calm and quiet'),
      told(2 * DAY_S + HOUR_S),
    ),
    steps(
      'message.quiet_hours',
      'a message in quiet hours',
      placed(message('service in quiet hours', 'quiet', { category: 'service' })),
      refusal('message.quiet_hours', message('in quiet hours', 'quiet'), told(2 * HOUR_S)),
      acceptance(message('after quiet hours', 'quiet', { notBefore: instant(NOW + 5400) }), {
        outcome: 'deferred',
        nextEligibleAt: told(2 * HOUR_S),
      }),
    ),
    one(
      'message.not_now',
      'a message to a customer who muted the sender and tells it nothing',
      message('muted in private', 'muted in private'),
    ),
    one(
      'message.not_now',
      'a message to a customer without calm budget who tells the sender nothing',
      message('calm in private', 'calm in private'),
    ),
    one(
      'message.not_now',
      'a message in quiet hours of a customer who tells the sender nothing',
      message('quiet in private', 'quiet in private'),
    ),
    steps(
      'message.edit',
      'an edit of another category',
      acceptance(message('edited', 'edited', { notBefore: instant(NOW + 60) }), {
        outcome: 'deferred',
        nextEligibleAt: told(HOUR_S),
      }),
      refusal(
        'message.edit',
        message('edits the category', 'edited', { category: 'service', replaces: uuid('edited') }),
      ),
      refusal(
        'message.edit',
        message('edits the slot', 'edited', { slot: 'one-place', replaces: uuid('edited') }),
      ),
      placed(message('answers in the thread', 'edited', { thread: uuid('edited') })),
    ),
    steps(
      'message.ended',
      'an edit of what was withdrawn, or edited before',
      placed(message('first version', 'ended')),
      placed(message('second version', 'ended', { replaces: uuid('first version') })),
      refusal('message.ended', message('edits the first', 'ended', { replaces: uuid('first version') })),
      acceptance(withdraw('withdraws', 'ended', 'second version')),
      acceptance(withdraw('withdraws again', 'ended', 'second version')),
      refusal('message.ended', message('edits the second', 'ended', { replaces: uuid('second version') })),
    ),
    one(
      'message.human_overdue',
      'an offer of a guest who lets a customer wait for a person',
      message('offered meanwhile', 'wants offers', { category: 'offer' }),
    ),
    steps(
      'reply.unasked',
      'an answer to what nobody asked',
      placed(message('nobody asked', 'waits')),
      refusal(
        'reply.unasked',
        answer('answers the message', 'waits', {
          thread: uuid('nobody asked'),
          answers: uuid('nobody asked'),
        }),
      ),
      refusal('reply.unasked', answer('answers another', 'asked', { ...WAITING, answers: uuid('nobody') })),
      refusal('reply.unasked', answer('answers another customer', 'asked', WAITING)),
    ),
    steps(
      'reply.limit',
      'a sixth answer in a row',
      ...['first', 'second', 'third', 'fourth', 'fifth'].map((name) =>
        acceptance(answer(`the ${name} answer`, 'answered', ANSWERED)),
      ),
      refusal('reply.limit', answer('the sixth answer', 'answered', ANSWERED)),
    ),
    one(
      'exchange.unknown',
      'a word of a customer in a conversation nobody knows',
      reply('goes on', 'asked', { from: 'customer', kind: 'ask_human', thread: uuid('nobody’s message') }),
    ),
    steps(
      'exchange.unknown',
      'a word about what was said to another customer',
      acceptance(reply('begins', 'other', { from: 'customer', kind: 'ask_human' })),
      acceptance(
        reply('goes on with it', 'other', { from: 'customer', kind: 'callback', thread: uuid('begins') }),
      ),
      refusal(
        'exchange.unknown',
        reply('takes it over', 'asked', { from: 'customer', kind: 'callback', thread: uuid('begins') }),
      ),
    ),
    asked('exchange.unknown', 'an edit of nothing known', { replaces: uuid('nobody’s message') }),
    asked('exchange.unknown', 'a message in a thread nobody knows', { thread: uuid('nobody’s message') }),
    one('exchange.unknown', 'a withdrawal of nothing known', withdraw('lost', 'asked', 'nobody’s message')),
    steps(
      'exchange.unknown',
      'what is about a message to another customer',
      placed(message('to another', 'other')),
      refusal('exchange.unknown', message('edits it', 'asked', { replaces: uuid('to another') })),
      refusal('exchange.unknown', message('continues it', 'asked', { thread: uuid('to another') })),
      refusal('exchange.unknown', withdraw('withdraws it', 'asked', 'to another')),
    ),
  ];
}
