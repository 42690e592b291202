import fc from 'fast-check';
import t from 'tap';
import {
  COMPLETION_CODE_BYTES,
  encodeCompletionCode,
  hashCompletionCode,
  parseCompletionCode,
} from '../../src/protocol/completion-code.ts';

const LINK = '01890000-0000-7000-8000-000000000001';

t.test('a code reads back, however a person types it', async (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: COMPLETION_CODE_BYTES, maxLength: COMPLETION_CODE_BYTES }),
      (random) => {
        const code = encodeCompletionCode(random);
        const plain = parseCompletionCode(code);
        return (
          /^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/.test(code) &&
          plain === code.replace('-', '') &&
          plain === parseCompletionCode(` ${code.toLowerCase()} `) &&
          plain === parseCompletionCode([...code.replace('-', '')].join(' '))
        );
      },
    ),
  );
  t.equal(parseCompletionCode('oO0iI-lL1AB'), '0001111' + '1AB');
  t.throws(() => encodeCompletionCode(new Uint8Array(9)), RangeError);
});

t.test('what is no code', async (t) => {
  for (const text of [
    '',
    'ABCDE-FGHJ',
    'ABCDE-FGHJKM',
    'ABCDE-FGHJU',
    'ABCDE_FGHJK',
    '١٢٣٤٥-١٢٣٤٥',
    ' '.repeat(41),
  ]) {
    t.equal(parseCompletionCode(text), undefined, JSON.stringify(text));
  }
});

t.test('a hash serves one link', async (t) => {
  const hash = hashCompletionCode('ABCDEFGHJK', LINK);
  t.match(hash, /^[A-Za-z0-9_-]{43}$/);
  t.not(hash, hashCompletionCode('ABCDEFGHJK', LINK.replace(/1$/, '2')));
  t.not(hash, hashCompletionCode('ABCDEFGHJM', LINK));
});
