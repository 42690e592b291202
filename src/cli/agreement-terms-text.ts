import type { AgreementTerms, Cap, HostGrant, SlotGrant } from '../protocol/agreement/terms.ts';
import { formatBytes, formatTimeAndAge, printable, renderFields } from './output.ts';

type Institution = { id: string; organizationName: string };
type Field = readonly [name: string, value: string | undefined];

/** Terms in words, each side's grant first. */
export function termsText(terms: AgreementTerms, peer: Institution, nowMs: number): string {
  const name = printable(peer.organizationName);
  const hosts = Object.entries(terms.hosts)
    .sort(([host]) => (host === peer.id ? -1 : 1))
    .map(
      ([host, grant]) =>
        [
          host === peer.id ? `${name} takes in from us` : `We take in from ${name}`,
          grantFields(grant),
        ] as const,
    );
  return [...hosts, ['Both', commonFields(terms, nowMs)] as const]
    .map(([heading, fields]) => `${heading}\n${indent(renderFields(fields))}`)
    .join('\n\n');
}

function grantFields({ documents, slots = [] }: HostGrant): Field[] {
  return [
    ['documents', documents === undefined ? 'none' : documents.types.join(', ')],
    [
      '',
      documents &&
        `at most ${count(documents.perMonth)} and ${formatBytes(documents.bytesPerMonth)} a calendar month`,
    ],
    ...(slots.length === 0 ? [['slots', 'none'] as const] : slots.flatMap(slotFields)),
  ];
}

function slotFields(grant: SlotGrant): Field[] {
  const { quietHours } = grant;
  return [
    [
      'slot',
      `${grant.slot}: ${grant.placement}; ${grant.categories.join(', ')}; in ${grant.locales.join(', ')}`,
    ],
    [
      '',
      `${grant.capacity} at once for a customer; title of ${grant.titleMaxChars}, body of ${grant.bodyMaxChars} characters`,
    ],
    [
      '',
      grant.imageMaxBytes === undefined
        ? undefined
        : `an image of at most ${formatBytes(grant.imageMaxBytes)}`,
    ],
    ...grant.caps.map((cap) => ['', capText(cap)] as const),
    ['', humanText(grant.human)],
    ['', grant.links && `links lead to ${grant.links.join(', ')} only`],
    [
      '',
      quietHours &&
        `quiet from ${quietHours.from} to ${quietHours.to} (customer's zone, else ${quietHours.zone})`,
    ],
  ];
}

function humanText(human: SlotGrant['human']): string {
  switch (human?.kind) {
    case 'thread':
      return 'whoever asks for a person is answered in the thread';
    case 'web':
      return `whoever asks for a person is sent to ${human.url}`;
    case 'phone':
      return `whoever asks for a person calls ${human.number}`;
    case undefined:
      return 'TAKES NOTHING: nobody is named whom customers could ask for (human)';
  }
}

const COUNTED_TOGETHER: Readonly<Record<Cap['scope'], string>> = {
  category: 'of one category in this slot',
  slot: 'in this slot',
  guest: 'of this guest in all slots',
};

function capText({ scope, max, per, unit, counts }: Cap): string {
  const stretch = per === 1 ? unit : `${per} ${unit}s`;
  return `a customer gets at most ${max} in any ${stretch} ${COUNTED_TOGETHER[scope]}, counted when ${counts}`;
}

const PAST_TOLERANCE: Readonly<Record<AgreementTerms['imbalance']['policy'], string>> = {
  warn: 'both are told',
  throttle: 'fewer messages are taken',
  pause: 'no messages are taken',
};

function commonFields(terms: AgreementTerms, nowMs: number): Field[] {
  const { weights, imbalance, quality, answers, statement } = terms;
  const units = Object.entries(weights).map(([category, weight]) => `${category} ${weight}`);
  return [
    ['effective from', formatTimeAndAge(terms.effectiveFrom, nowMs)],
    ['notice', days(terms.noticeDays)],
    ['drain', days(terms.drainDays)],
    ['contact units', `${units.join(', ')} for a message`],
    [
      'imbalance',
      `past ${count(imbalance.tolerance)} units ${PAST_TOLERANCE[imbalance.policy]}; ${count(imbalance.serviceFloorPerMonth)} service messages a month pass all the same`,
    ],
    ['quality', quality && `at least ${quality.displayedPercent} % of the messages taken are displayed`],
    ['answers', `by a person within ${answers.humanHours} h`],
    ['statement', `every ${statement.period}`],
  ];
}

const days = (number: number) => `${number} ${number === 1 ? 'day' : 'days'}`;

/** "200 000". */
const count = (number: number) => String(number).replaceAll(/\B(?=(?:\d{3})+$)/g, ' ');

const indent = (text: string) => text.replaceAll(/^/gm, '  ');
