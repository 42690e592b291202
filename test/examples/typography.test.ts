import t from 'tap';
import { banqueA } from '../../scripts/sample-documents/data.ts';
import { createSheet, page, write } from '../../scripts/sample-documents/layout.ts';
import {
  formatCents,
  formatDate,
  formatDayMonth,
  formatDecimal,
  formatEuros,
  formatMonth,
  formatRate,
  formatWholeEuros,
  labelled,
  typeset,
} from '../../scripts/sample-documents/typography.ts';

t.test('amounts and rates', async (t) => {
  t.equal(formatCents(5, 'fr'), '0,05');
  t.equal(formatCents(0, 'en'), '0.00');
  t.equal(formatCents(99_999, 'fr'), '999,99');
  t.equal(formatCents(100_000, 'fr'), '1\u00a0000,00');
  t.equal(formatCents(-123_456_789, 'fr'), '\u20131\u00a0234\u00a0567,89');
  t.equal(formatCents(-123_456_789, 'en'), '\u20131,234,567.89');
  t.equal(formatEuros(243_60, 'fr'), '243,60\u00a0€');
  t.equal(formatEuros(-243_60, 'en'), '\u2013€243.60');
  t.equal(formatWholeEuros(20_000_000_00, 'fr'), '20\u00a0000\u00a0000\u00a0€');
  t.equal(formatWholeEuros(150_00, 'en'), '€150');
  t.equal(formatDecimal(19_7798, 4, 'fr'), '19,7798');
  t.equal(formatDecimal(12, 0, 'en'), '12');
  t.equal(formatRate(690, 'fr'), '6,90\u00a0%');
  t.equal(formatRate(1340, 'en', 1), '13.4%');
  t.equal(formatRate(2000, 'fr', 0), '20\u00a0%');
});

t.test('dates', async (t) => {
  t.equal(formatDate('2026-10-01', 'fr'), '1er\u00a0octobre\u00a02026');
  t.equal(formatDate('2026-08-15', 'fr'), '15\u00a0août\u00a02026');
  t.equal(formatDate('2026-10-01', 'en'), '1\u00a0October\u00a02026');
  t.equal(formatMonth('2026-02-01', 'fr'), 'février\u00a02026');
  t.equal(formatDayMonth('2026-10-05'), '05/10');
});

t.test('plainly typed text', async (t) => {
  t.equal(typeset("L'idée : oui !", 'fr'), 'L\u2019idée\u00a0: oui\u00a0!');
  t.equal(
    typeset('« Oui », dit Mme A, 12 rue B, n° 4', 'fr'),
    '«\u00a0Oui\u00a0», dit Mme\u00a0A, 12 rue B, n°\u00a04',
  );
  t.equal(typeset('15 000 € soit 20 %', 'fr'), '15\u00a0000\u00a0€ soit 20\u00a0%');
  t.equal(typeset("The customer's policy no. 5: paid", 'en'), 'The customer\u2019s policy no.\u00a05: paid');
  t.equal(labelled('IBAN', 'FR76', 'fr'), 'IBAN\u00a0: FR76');
  t.equal(labelled('IBAN', 'FR76', 'en'), 'IBAN: FR76');
  t.equal(typeset(typeset("n° 1 : l'", 'fr'), 'fr'), typeset("n° 1 : l'", 'fr'), 'twice is once');
});

t.test('the page refuses what it would spoil', async (t) => {
  const sheet = createSheet({
    language: 'fr',
    institution: banqueA,
    title: 'Essai',
    subject: 'Essai',
    issuedAt: '2026-10-01',
  });
  t.throws(() => write(sheet, '1\u202f000', 48, 100), /outside WinAnsi/, 'the narrow no-break space');
  t.throws(() => write(sheet, '\u22125', 48, 100), /outside WinAnsi/, 'the true minus');
  t.throws(() => write(sheet, 'x', 48, page.footer - 5), /runs into the footer/);
  t.doesNotThrow(() => write(sheet, 'éèêëàâçîïôûùœŒÉÀÇ €«»’–', 48, 100));
});
