import t from 'tap';
import type { ApiClient } from '../../src/api-client/index.ts';
import { findAgreementId } from '../../src/cli/agreement-shapes.ts';
import { diffTerms, inReadingOrder, termsTemplate } from '../../src/cli/agreement-terms.ts';
import { readTime } from '../../src/cli/time-option.ts';
import { findTermsProblem } from '../../src/protocol/agreement/terms-check.ts';
import { findSchemaProblem } from '../../src/protocol/schemas/validators.ts';

t.test('an id is found on whatever page it stands, unless two begin so', async (t) => {
  const ids = ['q7dPAe1' + 'A'.repeat(36), 'q7dPAe2' + 'A'.repeat(36)];
  const asked: string[] = [];
  const api = {
    get: async (url: string) => {
      asked.push(url);
      return { agreements: [{ id: ids[asked.length - 1] }], next: asked.length === 1 ? 'more' : null };
    },
  } as unknown as ApiClient;
  await t.rejects(findAgreementId(api, 'q7dPAe'), {
    code: 'usage.agreement',
    message: `q7dPAe is the beginning of 2 versions: ${ids.join(', ')}`,
  });
  t.same(asked, ['/v1/agreements?limit=200', '/v1/agreements?limit=200&cursor=more'], 'all pages are read');
  asked.length = 0;
  t.equal(await findAgreementId(api, 'q7dPAe2'), ids[1]);
});

t.test('terms as the commands handle them', async (t) => {
  const template = termsTemplate(
    ['https://a.example', 'https://b.example'],
    Date.parse('2026-12-31T23:59:00Z'),
  );
  t.equal(template.effectiveFrom, '2027-01-01T00:00:00Z');
  t.equal(findSchemaProblem('agreement.terms', template), undefined);
  t.equal(findTermsProblem(template, ['https://a.example', 'https://b.example']), undefined);
  const turned = Object.fromEntries(Object.entries({ ...template, later: 1 }).reverse());
  t.same(Object.keys(inReadingOrder(turned)), [...Object.keys(template), 'later']);

  const grant = template.hosts['https://a.example'];
  const [slot] = grant?.slots ?? [];
  const more = {
    slots: [
      { ...slot, slot: 'inbox-line' },
      { ...slot, capacity: 5 },
    ],
  };
  t.match(diffTerms(grant?.slots, more.slots, '/slots'), [
    { pointer: '/slots/0', slot: 'inbox-line', to: { slot: 'inbox-line' } },
    { pointer: '/slots/1/capacity', slot: 'home-card', from: 3, to: 5 },
  ]);
  t.match(diffTerms(more.slots, more.slots.slice(1), '/slots'), [
    { pointer: '/slots/0', from: { slot: 'inbox-line' } },
  ]);
  t.same(diffTerms(template, structuredClone(template)), []);
});

t.test('times as options give them', async (t) => {
  t.equal(readTime('2027-01-31'), '2027-01-31T00:00:00.000Z');
  t.equal(readTime('2027-01-31T18:00:00+01:00'), '2027-01-31T17:00:00.000Z');
  t.equal(readTime('2027-01-31T18:00Z'), '2027-01-31T18:00:00.000Z');
  for (const wrong of ['2027-02-31', '2027-13-01', '31/01/2027', '2027-01-31T18:00:00', 'soon', '']) {
    t.throws(() => readTime(wrong), { code: 'usage.time' }, wrong);
  }
});
