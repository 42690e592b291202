import { A, B, bits128, CONTENT, DOCUMENT, digest, NOW, uuid } from './fixtures.ts';
import { CONSENT, linkToken, SCOPES } from './links.ts';

type Changes = Record<string, unknown>;
type ManifestCase = { name: string; act: string; manifest: string; expect: string; pointer?: string };

const CONTENT_MEMBER = {
  sha256: digest(CONTENT),
  size: CONTENT.length,
  type: 'text/plain',
  name: 'facture.txt',
};

const outer = (changes: Changes = {}) =>
  JSON.stringify({ salt: bits128('manifest'), body: DOCUMENT, content: CONTENT_MEMBER, ...changes });
const push = (changes: Changes) => outer({ body: { ...DOCUMENT, ...changes } });

const accepted = (name: string, manifest: string, act = 'document.push'): ManifestCase => ({
  name,
  act,
  manifest,
  expect: 'accepted',
});
const invalid = (name: string, manifest: string, pointer?: string, act = 'document.push'): ManifestCase => ({
  name,
  act,
  manifest,
  expect: 'manifest.invalid',
  ...(pointer !== undefined && { pointer }),
});

const FULL = {
  ...DOCUMENT,
  period: { from: '2026-10-01', to: '2026-10-31' },
  amount: { value: '-12.50', currency: 'EUR' },
  dueDate: '2026-11-30',
  payment: { method: 'transfer', reference: 'F-2026-11', iban: 'FR7630006000011234567890189' },
  sensitivity: 'health',
  publicTitle: 'Un document de votre mutuelle',
  retention: { until: '2031-11-01', reason: 'Code civil, article 2224' },
  issuerRef: 'F-2026-11',
  contractRef: 'C-1',
  replaces: uuid('replaced'),
  related: [uuid('related 1'), uuid('related 2')],
  reply: { url: 'https://a.example/contact', email: 'contact@a.example' },
  notBefore: '2026-11-02T06:00:00Z',
  profile: { uri: 'https://a.example/profiles/energy', meter: { from: 1, to: 2 } },
};

function documentCases(): ManifestCase[] {
  return [
    accepted('the least a document has', outer()),
    accepted('every field', outer({ body: FULL })),
    accepted(
      'fields beside the uri of a profile',
      push({ profile: { uri: 'https://a.example/p', a: [1], b: {} } }),
    ),
    accepted('29 February of a leap year', push({ issuedAt: '2028-02-29' })),
    accepted('a time with a fraction', push({ notBefore: '2026-11-02T06:00:00.123456Z' })),
    accepted('a title of 200 characters beyond the first plane', push({ title: '😀'.repeat(200) })),
    invalid('an unknown field', push({ colour: 'red' }), '/body/colour'),
    invalid('an unknown type', push({ type: 'billing.bill' }), '/body/type'),
    invalid('no title', push({ title: undefined }), '/body'),
    invalid('an empty title', push({ title: '' }), '/body/title'),
    invalid('a title of 201 characters', push({ title: 'a'.repeat(201) }), '/body/title'),
    invalid('a line break in the title', push({ title: 'a\nb' }), '/body/title'),
    invalid('a date that does not exist', push({ issuedAt: '2026-02-29' }), '/body/issuedAt'),
    invalid('a time in place of a date', push({ issuedAt: '2026-11-01T00:00:00Z' }), '/body/issuedAt'),
    invalid('a language by its name', push({ language: 'français' }), '/body/language'),
    invalid(
      'an amount that is a number',
      push({ amount: { value: 12.5, currency: 'EUR' } }),
      '/body/amount/value',
    ),
    invalid(
      'an amount with a comma',
      push({ amount: { value: '12,50', currency: 'EUR' } }),
      '/body/amount/value',
    ),
    invalid(
      'an amount with a leading zero',
      push({ amount: { value: '012', currency: 'EUR' } }),
      '/body/amount/value',
    ),
    invalid('an amount without a currency', push({ amount: { value: '1' } }), '/body/amount'),
    invalid('sensitive without a public title', push({ sensitivity: 'sensitive' }), '/body'),
    invalid('an IBAN with spaces', push({ payment: { iban: 'FR76 3000 6000' } }), '/body/payment/iban'),
    invalid('a reply over http', push({ reply: { url: 'http://a.example' } }), '/body/reply/url'),
    invalid('a reply by script', push({ reply: { url: 'javascript:alert(1)' } }), '/body/reply/url'),
    invalid('a time with an offset', push({ notBefore: '2026-11-02T07:00:00+01:00' }), '/body/notBefore'),
    invalid(
      '21 related documents',
      push({ related: Array.from({ length: 21 }, (_, at) => uuid(`r${at}`)) }),
      '/body/related',
    ),
    invalid('a related document twice', push({ related: [uuid('r'), uuid('r')] }), '/body/related'),
    invalid('a profile without a uri', push({ profile: { meter: 1 } }), '/body/profile'),
  ];
}

function outerCases(): ManifestCase[] {
  return [
    invalid('no salt', outer({ salt: undefined }), ''),
    invalid('a salt of 64 bits', outer({ salt: bits128('short').slice(0, 11) }), '/salt'),
    invalid('a body that is a list', outer({ body: [] }), '/body'),
    invalid('an unknown member', outer({ version: 1 }), '/version'),
    invalid(
      'a content without a name',
      outer({ content: { ...CONTENT_MEMBER, name: undefined } }),
      '/content',
    ),
    invalid(
      'a type that is not taken',
      outer({ content: { ...CONTENT_MEMBER, type: 'text/html' } }),
      '/content/type',
    ),
    invalid(
      'a type with a parameter',
      outer({ content: { ...CONTENT_MEMBER, type: 'text/plain; charset=utf-8' } }),
      '/content/type',
    ),
    invalid(
      'a digest in hexadecimal',
      outer({ content: { ...CONTENT_MEMBER, sha256: 'ab'.repeat(32) } }),
      '/content/sha256',
    ),
    invalid('no JSON', 'hello'),
    invalid('a repeated key', outer().replace('{', '{"body":{},')),
    invalid('U+0000', push({ title: 'a\u0000b' })),
    invalid('a lone surrogate', outer().replace('Facture', '\\ud800')),
    invalid('a byte order mark', `\ufeff${outer()}`),
    { name: 'an act nobody knows', act: 'example.act', manifest: outer(), expect: 'act.unsupported' },
  ];
}

function statusCases(): ManifestCase[] {
  const entry = { document: uuid('document'), state: 'consigned', at: '2026-11-01T12:00:00Z' };
  const status = (statuses: unknown) => JSON.stringify({ salt: bits128('status'), body: { statuses } });
  const recall = (body: object) => JSON.stringify({ salt: bits128('recall'), body });
  const document = uuid('document');
  return [
    accepted('one status', status([entry]), 'document.status'),
    accepted('500 statuses', status(Array.from({ length: 500 }, () => entry)), 'document.status'),
    invalid(
      '501 statuses',
      status(Array.from({ length: 501 }, () => entry)),
      '/body/statuses',
      'document.status',
    ),
    invalid('no status', status([]), '/body/statuses', 'document.status'),
    invalid(
      'a deletion',
      status([{ ...entry, state: 'deleted_by_customer' }]),
      '/body/statuses/0/state',
      'document.status',
    ),
    accepted('a recall', recall({ document, reason: 'error', note: 'Montant erroné' }), 'document.recall'),
    invalid('a recall without a reason', recall({ document }), '/body', 'document.recall'),
  ];
}

function linkCases(): ManifestCase[] {
  const of = (act: string, base: object) => (changes: Changes) =>
    JSON.stringify({ salt: bits128(act), body: { ...base, ...changes } });
  const rev = NOW * 1000;
  const scopes = { [B]: SCOPES };
  const half = of('link.half', { rev, state: 'active', scopes, consent: CONSENT });
  const revoked = { state: 'revoked', consent: undefined };
  const redeem = of('link.redeem', {
    token: linkToken('manifest'),
    rev,
    scopes,
    consent: CONSENT,
    code: digest('code'),
  });
  const halfInvalid = (name: string, changes: Changes, pointer?: string) =>
    invalid(name, half(changes), pointer, 'link.half');
  return [
    accepted('a redeeming', redeem({}), 'link.redeem'),
    invalid('a redeeming without consent', redeem({ consent: undefined }), '/body', 'link.redeem'),
    invalid('a redeeming with the code itself', redeem({ code: 'ABCDE-FGHJK' }), '/body/code', 'link.redeem'),
    accepted('an active half', half({}), 'link.half'),
    accepted('a half revoked for good', half(revoked), 'link.half'),
    accepted(
      'a half that may come back',
      half({ ...revoked, restorableUntil: '2026-11-08T12:00:00Z' }),
      'link.half',
    ),
    accepted('scopes both ways', half({ scopes: { [A]: SCOPES, [B]: SCOPES } }), 'link.half'),
    halfInvalid('an active half without consent', { consent: undefined }, '/body'),
    halfInvalid('a revoked half with a consent', { state: 'revoked' }),
    halfInvalid('an active half that may come back', { restorableUntil: '2026-11-08T12:00:00Z' }),
    halfInvalid('revision 0', { rev: 0 }, '/body/rev'),
    halfInvalid('a state nobody defined', { state: 'erased' }, '/body/state'),
    halfInvalid('a scope nobody defined', { scopes: { [B]: { location: true } } }),
    halfInvalid('a host that is no entity id', { scopes: { b: SCOPES } }),
    halfInvalid('three hosts', { scopes: { [A]: {}, [B]: {}, 'https://c.example': {} } }, '/body/scopes'),
    halfInvalid(
      'a consent under another version',
      { consent: { ...CONSENT, version: '1' } },
      '/body/consent/version',
    ),
  ];
}

/** manifests.json */
export function manifestVectors() {
  return {
    description:
      'Manifests, as the text whose bytes (UTF-8) were digested. `expect` is accepted or the code of the refusal, normative; `pointer` (RFC 6901) is where the reference implementation finds the fault.',
    cases: [...outerCases(), ...documentCases(), ...statusCases(), ...linkCases()],
  };
}
