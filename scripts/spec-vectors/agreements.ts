import type { AgreementProposeBody, AgreementTerms, HostGrant } from '../../src/protocol/agreement/terms.ts';
import { agreementSteps } from './agreement-steps.ts';
import { A, B, bits128, C, DAY_S, digest, NOW } from './fixtures.ts';

type Changes = Record<string, unknown>;
type ManifestCase = { name: string; act: string; manifest: string; expect: string; pointer?: string };

export const instant = (seconds: number, fraction = '') =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction}Z`;

const CAP = { scope: 'slot', max: 2, per: 1, unit: 'week', counts: 'placed' } as const;

const SLOT = {
  slot: 'home-card',
  placement: 'home',
  categories: ['service', 'advice'],
  locales: ['fr', 'en'],
  capacity: 3,
  caps: [CAP],
  quietHours: { from: '20:00', to: '08:00', zone: 'Europe/Paris' },
  titleMaxChars: 60,
  bodyMaxChars: 600,
} as const;

const DOCUMENTS = { types: ['billing.invoice'], perMonth: 1000, bytesPerMonth: 1_000_000_000 };

/** Terms between A and B, but for the changes. */
export const agreementTerms = (changes: Changes = {}): AgreementTerms =>
  ({
    effectiveFrom: instant(NOW),
    drainDays: 14,
    noticeDays: 90,
    hosts: { [A]: {}, [B]: { documents: DOCUMENTS } },
    weights: { service: 0, advice: 1, offer: 3, survey: 2 },
    imbalance: { tolerance: 100, policy: 'throttle', serviceFloorPerMonth: 10 },
    answers: { humanHours: 48 },
    statement: { period: 'month' },
    ...changes,
  }) as AgreementTerms;

export const agreementManifest = (label: string, body: object) =>
  JSON.stringify({ salt: bits128(label), body });

const version = (label: string) => digest(`agreement version ${label}`);

const proposal = (changes: Changes = {}) =>
  ({
    rev: NOW * 1000,
    expiresAt: instant(NOW + 14 * DAY_S),
    terms: agreementTerms(),
    ...changes,
  }) as AgreementProposeBody;

const accepted = (act: string, name: string, body: object): ManifestCase => ({
  name,
  act,
  manifest: agreementManifest(name, body),
  expect: 'accepted',
});
const invalid = (act: string, name: string, body: object, pointer: string): ManifestCase => ({
  ...accepted(act, name, body),
  expect: 'manifest.invalid',
  pointer,
});

const PROPOSE = 'agreement.propose';
const proposed = (name: string, changes: Changes = {}) => accepted(PROPOSE, name, proposal(changes));
const misproposed = (name: string, changes: Changes, pointer: string) =>
  invalid(PROPOSE, name, proposal(changes), `/body${pointer}`);

function proposalCases(): ManifestCase[] {
  return [
    proposed('the least a proposal has'),
    proposed('every field of a proposal', {
      replaces: version('replaced'),
      declines: version('declined'),
      note: 'Comme convenu le 20 octobre',
    }),
    proposed('revision 1', { rev: 1 }),
    misproposed('revision 0', { rev: 0 }, '/rev'),
    misproposed('a revision that is no whole number', { rev: 1.5 }, '/rev'),
    misproposed('no revision', { rev: undefined }, ''),
    misproposed('no terms', { terms: undefined }, ''),
    misproposed('an unknown member of a proposal', { agreement: version('own') }, '/agreement'),
    misproposed('a version in hexadecimal', { replaces: 'ab'.repeat(32) }, '/replaces'),
    proposed('a note of 500 characters', { note: 'é'.repeat(500) }),
    misproposed('a note of 501 characters', { note: 'é'.repeat(501) }, '/note'),
    misproposed('an empty note', { note: '' }, '/note'),
    misproposed('a note of two lines', { note: 'un\ndeux' }, '/note'),
    proposed('14 days after iat, to the second', { expiresAt: instant(NOW + 14 * DAY_S, '.000') }),
    misproposed(
      'over 14 days after iat by a millisecond',
      { expiresAt: instant(NOW + 14 * DAY_S, '.001') },
      '/expiresAt',
    ),
    misproposed('an end with an offset', { expiresAt: '2026-11-02T13:00:00+01:00' }, '/expiresAt'),
  ];
}

const agreed = (name: string, changes: Changes) => proposed(name, { terms: agreementTerms(changes) });
const misagreed = (name: string, changes: Changes, pointer: string) =>
  misproposed(name, { terms: agreementTerms(changes) }, `/terms${pointer}`);

function termsCases(): ManifestCase[] {
  const missing = (member: keyof AgreementTerms) => misagreed(`no ${member}`, { [member]: undefined }, '');
  const days = (member: 'drainDays' | 'noticeDays', right: number[], wrong: number[]) => [
    ...right.map((value) => agreed(`${member} ${value}`, { [member]: value })),
    ...wrong.map((value) => misagreed(`${member} ${value}`, { [member]: value }, `/${member}`)),
  ];
  const imbalance = { tolerance: 100, policy: 'throttle', serviceFloorPerMonth: 10 };
  const weights = { service: 0, advice: 1, offer: 3, survey: 2 };
  return [
    ...(
      [
        'effectiveFrom',
        'drainDays',
        'noticeDays',
        'hosts',
        'weights',
        'imbalance',
        'answers',
        'statement',
      ] as const
    ).map(missing),
    misagreed('an unknown member of terms', { currency: 'EUR' }, '/currency'),
    ...days('drainDays', [1, 60], [0, 61, 1.5]),
    ...days('noticeDays', [0, 730], [-1, 731]),
    agreed('a beginning long past', { effectiveFrom: '2020-01-01T00:00:00Z' }),
    agreed('a beginning 400 days after iat', { effectiveFrom: instant(NOW + 400 * DAY_S) }),
    misagreed(
      'a beginning over 400 days after iat',
      { effectiveFrom: instant(NOW + 400 * DAY_S + 1) },
      '/effectiveFrom',
    ),
    misagreed('one host', { hosts: { [B]: {} } }, '/hosts'),
    misagreed('three hosts', { hosts: { [A]: {}, [B]: {}, [C]: {} } }, '/hosts'),
    misagreed('a third party as host', { hosts: { [A]: {}, [C]: {} } }, '/hosts'),
    misagreed('a host that is no entity id', { hosts: { [A]: {}, b: {} } }, '/hosts'),
    agreed('nothing granted either way', { hosts: { [A]: {}, [B]: {} } }),
    agreed('weights of 0 and 1000', { weights: { ...weights, service: 0, offer: 1000 } }),
    misagreed('a weight of 1001', { weights: { ...weights, offer: 1001 } }, '/weights/offer'),
    misagreed('a negative weight', { weights: { ...weights, survey: -1 } }, '/weights/survey'),
    misagreed('a category without a weight', { weights: { ...weights, survey: undefined } }, '/weights'),
    misagreed('a weight of no category', { weights: { ...weights, other: 1 } }, '/weights/other'),
    agreed('a tolerance of 0', { imbalance: { ...imbalance, tolerance: 0 } }),
    misagreed(
      'a tolerance over a billion',
      { imbalance: { ...imbalance, tolerance: 1_000_000_001 } },
      '/imbalance/tolerance',
    ),
    misagreed(
      'a policy nobody defined',
      { imbalance: { ...imbalance, policy: 'fine' } },
      '/imbalance/policy',
    ),
    agreed('a floor of quality', { quality: { displayedPercent: 100 } }),
    misagreed('a share over the whole', { quality: { displayedPercent: 101 } }, '/quality/displayedPercent'),
    misagreed('answers in no time', { answers: { humanHours: 0 } }, '/answers/humanHours'),
    agreed('answers within 30 days', { answers: { humanHours: 720 } }),
    misagreed('answers after 30 days', { answers: { humanHours: 721 } }, '/answers/humanHours'),
    misagreed('a statement a year', { statement: { period: 'year' } }, '/statement/period'),
  ];
}

const granted = (grant: Changes) => ({ hosts: { [A]: {}, [B]: grant as HostGrant } });
const AT_B = '/hosts/https:~1~1b.example';

function documentsCases(): ManifestCase[] {
  const right = (name: string, changes: Changes) =>
    agreed(name, granted({ documents: { ...DOCUMENTS, ...changes } }));
  const wrong = (name: string, changes: Changes, pointer: string) =>
    misagreed(name, granted({ documents: { ...DOCUMENTS, ...changes } }), `${AT_B}/documents${pointer}`);
  return [
    right('two types', { types: ['billing.invoice', 'tax.notice'] }),
    wrong('a type nobody defined', { types: ['billing.bill'] }, '/types/0'),
    wrong('no type', { types: [] }, '/types'),
    wrong('a type twice', { types: ['tax.notice', 'tax.notice'] }, '/types'),
    right('one document a month', { perMonth: 1 }),
    wrong('no document a month', { perMonth: 0 }, '/perMonth'),
    right('a billion documents a month', { perMonth: 1_000_000_000 }),
    wrong('over a billion documents a month', { perMonth: 1_000_000_001 }, '/perMonth'),
    right('1 PiB a month', { bytesPerMonth: 2 ** 50 }),
    wrong('over 1 PiB a month', { bytesPerMonth: 2 ** 50 + 1 }, '/bytesPerMonth'),
    wrong('documents without a volume', { bytesPerMonth: undefined }, ''),
    misagreed('a grant nobody defined', granted({ messages: {} }), `${AT_B}/messages`),
  ];
}

const slots = (count: number) => Array.from({ length: count }, (_, at) => ({ ...SLOT, slot: `slot-${at}` }));

function slotCases(): ManifestCase[] {
  const right = (name: string, changes: Changes) =>
    agreed(name, granted({ slots: [{ ...SLOT, ...changes }] }));
  const wrong = (name: string, changes: Changes, pointer: string) =>
    misagreed(name, granted({ slots: [{ ...SLOT, ...changes }] }), `${AT_B}/slots/0${pointer}`);
  const cap = (name: string, changes: Changes, pointer: string) =>
    wrong(name, { caps: [{ ...CAP, ...changes }] }, `/caps/0${pointer}`);
  const quiet = (name: string, changes: Changes, pointer: string) =>
    wrong(name, { quietHours: { ...SLOT.quietHours, ...changes } }, `/quietHours${pointer}`);
  const locales = Array.from({ length: 21 }, (_, at) => `fr-${String(at).padStart(3, '0')}`);
  const human = (name: string, route: Changes, pointer = '') =>
    wrong(name, { human: route }, `/human${pointer}`);
  const links = Array.from({ length: 51 }, (_, at) => `https://a.example/offres/${at}`);
  return [
    right('a slot', {}),
    right('a slot without quiet hours', { quietHours: undefined }),
    agreed('20 slots', granted({ slots: slots(20) })),
    misagreed('21 slots', granted({ slots: slots(21) }), `${AT_B}/slots`),
    misagreed('a slot name twice', granted({ slots: [SLOT, SLOT] }), `${AT_B}/slots/1/slot`),
    agreed('a slot name at each host', { hosts: { [A]: { slots: [SLOT] }, [B]: { slots: [SLOT] } } }),
    right('a slot name of 40 characters', { slot: 'a'.repeat(40) }),
    wrong('a slot name of 41 characters', { slot: 'a'.repeat(41) }, '/slot'),
    wrong('a slot name in capitals', { slot: 'Home' }, '/slot'),
    wrong('a placement nobody defined', { placement: 'banner' }, '/placement'),
    wrong('no category', { categories: [] }, '/categories'),
    wrong('a category nobody defined', { categories: ['advertising'] }, '/categories/0'),
    right('20 locales', { locales: locales.slice(1) }),
    wrong('21 locales', { locales }, '/locales'),
    wrong('a locale by its name', { locales: ['français'] }, '/locales/0'),
    right('50 active messages', { capacity: 50 }),
    wrong('51 active messages', { capacity: 51 }, '/capacity'),
    wrong('no active message', { capacity: 0 }, '/capacity'),
    right('no caps', { caps: [] }),
    right('10 caps', { caps: Array.from({ length: 10 }, () => CAP) }),
    wrong('11 caps', { caps: Array.from({ length: 11 }, () => CAP) }, '/caps'),
    cap('a cap of nothing', { max: 0 }, '/max'),
    cap('a cap of 1001 messages', { max: 1001 }, '/max'),
    cap('a cap over 101 weeks', { per: 101 }, '/per'),
    cap('a cap by the month', { unit: 'month' }, '/unit'),
    cap('a cap of a scope nobody defined', { scope: 'host' }, '/scope'),
    cap('a cap that counts openings', { counts: 'opened' }, '/counts'),
    quiet('quiet hours that never end', { to: '20:00' }, '/to'),
    quiet('quiet hours at 24:00', { from: '24:00' }, '/from'),
    quiet('quiet hours in an unknown time zone', { zone: 'Europe/Atlantis' }, '/zone'),
    quiet('quiet hours in an offset', { zone: '+01:00' }, '/zone'),
    quiet('quiet hours in the abbreviation IST', { zone: 'IST' }, '/zone'),
    quiet('quiet hours in the abbreviation PST', { zone: 'PST' }, '/zone'),
    quiet('quiet hours without a time zone', { zone: undefined }, ''),
    right('titles of 80 and bodies of 2000 characters', { titleMaxChars: 80, bodyMaxChars: 2000 }),
    wrong('titles of 81 characters', { titleMaxChars: 81 }, '/titleMaxChars'),
    wrong('titles of 9 characters', { titleMaxChars: 9 }, '/titleMaxChars'),
    wrong('bodies of 2001 characters', { bodyMaxChars: 2001 }, '/bodyMaxChars'),
    wrong('a slot without its capacity', { capacity: undefined }, ''),
    right('a person in the thread', { human: { kind: 'thread' } }),
    right('a person on a page', { human: { kind: 'web', url: 'https://a.example/conseiller?de=vault' } }),
    right('a person by telephone', { human: { kind: 'phone', number: '+33123456789' } }),
    right('a number of 7 digits', { human: { kind: 'phone', number: '+1234567' } }),
    right('a number of 15 digits', { human: { kind: 'phone', number: `+${'1'.repeat(15)}` } }),
    human('a number of 6 digits', { kind: 'phone', number: '+123456' }, '/number'),
    human('a number of 16 digits', { kind: 'phone', number: `+${'1'.repeat(16)}` }, '/number'),
    human('a number without the plus', { kind: 'phone', number: '0033123456789' }, '/number'),
    human('a number with spaces', { kind: 'phone', number: '+33 1 23 45 67 89' }, '/number'),
    human('a number that begins with zero', { kind: 'phone', number: '+0123456789' }, '/number'),
    human('a telephone without a number', { kind: 'phone' }, ''),
    human('a page without its address', { kind: 'web' }, ''),
    human('a page without https', { kind: 'web', url: 'http://a.example/conseiller' }, '/url'),
    human('a thread with an address', { kind: 'thread', url: 'https://a.example/conseiller' }, '/url'),
    human('a kind nobody defined', { kind: 'post' }, '/kind'),
    human('a person of no kind', {}),
    right('no links', { links: [] }),
    right('50 links', { links: links.slice(1) }),
    wrong('51 links', { links }, '/links'),
    wrong('a link without https', { links: ['http://a.example/offres'] }, '/links/0'),
    wrong('a link with user information', { links: ['https://a@a.example/offres'] }, '/links/0'),
    wrong('a link with a space', { links: ['https://a.example/nos offres'] }, '/links/0'),
    wrong('a link twice', { links: ['https://a.example/', 'https://a.example/'] }, '/links'),
    right('a link of 2048 characters', { links: [`https://a.example/${'a'.repeat(2030)}`] }),
    wrong('a link of 2049 characters', { links: [`https://a.example/${'a'.repeat(2031)}`] }, '/links/0'),
  ];
}

function answerCases(): ManifestCase[] {
  const agreement = version('answered');
  const noticed = { agreement, noticedAt: instant(NOW), endsAt: instant(NOW + 90 * DAY_S) };
  const terminate = 'agreement.terminate';
  const mistaken = (name: string, body: Changes, pointer: string) =>
    invalid(terminate, name, { ...noticed, ...body }, `/body${pointer}`);
  return [
    accepted('agreement.accept', 'an acceptance', { agreement }),
    invalid('agreement.accept', 'an acceptance of nothing', {}, '/body'),
    invalid('agreement.accept', 'an acceptance with a note', { agreement, note: 'Oui' }, '/body/note'),
    invalid(
      'agreement.accept',
      'an acceptance with terms of its own',
      { agreement, terms: agreementTerms() },
      '/body/terms',
    ),
    invalid(
      'agreement.accept',
      'a digest of 42 characters',
      { agreement: 'A'.repeat(42) },
      '/body/agreement',
    ),
    accepted('agreement.decline', 'a refusal', { agreement }),
    accepted('agreement.decline', 'a refusal with a note', { agreement, note: 'Trop de courriers' }),
    invalid(
      'agreement.decline',
      'a refusal with a note of 501 characters',
      { agreement, note: 'a'.repeat(501) },
      '/body/note',
    ),
    accepted(terminate, 'a termination', noticed),
    accepted(terminate, 'a termination with a note', { ...noticed, note: 'Changement de prestataire' }),
    mistaken('a termination without an end', { endsAt: undefined }, ''),
    mistaken('a termination without the time of notice', { noticedAt: undefined }, ''),
    mistaken('an end by its day', { endsAt: '2027-01-31' }, '/endsAt'),
  ];
}

/** Digests that differ where the order of their bytes and that of their characters disagree. */
function orderCases() {
  const of = (...bytes: number[]) => Buffer.from([...bytes, ...Array(32).fill(0)].slice(0, 32));
  const last = (byte: number) => Buffer.concat([Buffer.alloc(31, 7), Buffer.from([byte])]);
  const pair = (name: string, lower: Buffer, higher: Buffer) => ({
    name,
    lower: lower.toString('base64url'),
    higher: higher.toString('base64url'),
  });
  return [
    pair('the first byte decides', of(1, 255), of(2)),
    pair('the last byte decides', last(1), last(2)),
    pair('a letter is lower than a digit', of(0), of(0xd0)),
    pair('a small letter is higher than a capital', of(0x64), of(0x68)),
    pair('a digit is lower than a hyphen', of(0xf4), of(0xf8)),
    pair('a small letter is lower than an underscore', of(0x68), of(0xfc)),
    pair('a byte over 127 is no negative number', of(127), of(128)),
  ];
}

/** agreements.json */
export function agreementVectors() {
  const texts = {
    'a proposal': agreementManifest('identity', proposal()),
    'the same, written with spaces': JSON.stringify(
      JSON.parse(agreementManifest('identity', proposal())),
      null,
      1,
    ),
    'the same terms under another salt': agreementManifest('identity 2', proposal()),
  };
  return {
    description:
      'Agreements, as the node `recipient` judges what `proposer` sends, at `now`, in envelopes whose iat is `now`; and the negotiation, as either of two sides keeps it. Codes of chapter 7 are normative.',
    format: {
      manifests:
        'The text whose bytes (UTF-8) were digested. `pointer` (RFC 6901) is where the reference implementation finds the fault.',
      identities: 'The identity of the version that a manifest of agreement.propose makes.',
      order: 'Which of two crossed proposals is the lower one.',
      book: 'What a side holds before a step. `proposer` and `by`: self is the side that holds the book, peer the other. `agreement`: the first version. Any order of versions means the same.',
      steps:
        'A step at `now`, by the clock of the side that holds the book. own: what its institution wants to say; agreement.open and agreement.exists are said to that institution alone. peer: what the other side says. answers: what the other side’s receipt says to an own act, `agreedAt` being its second, and `state` what a refusal makes of a proposal.',
      expect:
        'refused: the code. changes: what becomes of versions, in any order; none where nothing changes. Of a termination `ends` is what is kept as said by that side.',
      exchanges:
        'Whether an exchange of the peer that names `agr`, or none where it is null, is judged, and under which version.',
      current: 'The version that applies at `now`, null where none: what a side names in a message.',
      named: 'The version a side names in what may come under none, null where it names none.',
    },
    proposer: A,
    recipient: B,
    now: NOW,
    manifests: [...proposalCases(), ...termsCases(), ...documentsCases(), ...slotCases(), ...answerCases()],
    identities: Object.entries(texts).map(([name, manifest]) => ({ name, manifest, id: digest(manifest) })),
    order: orderCases(),
    ...agreementSteps(),
  };
}
