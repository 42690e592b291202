import t from 'tap';
import { hashCompletionCode, parseCompletionCode } from '../../src/protocol/completion-code.ts';
import { effectiveLinkState } from '../../src/protocol/link-half.ts';
import { intersectScopes } from '../../src/protocol/link-scopes.ts';
import { readVectors } from './read.ts';

type Halves = Parameters<typeof effectiveLinkState>[0];
type Scopes = Parameters<typeof intersectScopes>[0];

const { states, scopes, link, codes, wrongCodes } = readVectors<{
  states: { halves: Halves; erased: boolean; expect: string }[];
  scopes: { a: Scopes; b: Scopes; both: Scopes }[];
  link: string;
  codes: { typed: string; plain: string; hash: string }[];
  wrongCodes: string[];
}>('links');

t.test('the effective state of a link, whichever half comes first', async (t) => {
  for (const { halves, erased, expect } of states) {
    t.equal(effectiveLinkState(halves, erased), expect, JSON.stringify(halves));
    t.equal(effectiveLinkState(halves.toReversed(), erased), expect);
  }
});

t.test('effective scopes', async (t) => {
  for (const { a, b, both } of scopes) {
    t.same(intersectScopes(a, b), both);
    t.same(intersectScopes(b, a), both);
  }
});

t.test('completion codes', async (t) => {
  for (const { typed, plain, hash } of codes) {
    t.equal(parseCompletionCode(typed), plain, typed);
    t.equal(hashCompletionCode(plain, link), hash);
  }
  for (const typed of wrongCodes) t.equal(parseCompletionCode(typed), undefined, typed);
});
