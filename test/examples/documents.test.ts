import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import {
  account,
  banqueA,
  certificate,
  invoice,
  type Language,
} from '../../scripts/sample-documents/data.ts';
import { euros, type IndexEntry } from '../../scripts/sample-documents/document.ts';
import { payslip } from '../../scripts/sample-documents/payslip-data.ts';
import { statement } from '../../scripts/sample-documents/statement-data.ts';
import {
  certificateSums,
  invoiceSums,
  payslipSums,
  statementSums,
} from '../../scripts/sample-documents/sums.ts';
import { formatCents, formatEuros } from '../../scripts/sample-documents/typography.ts';
import { sampleDocuments } from '../../scripts/sample-documents/write.ts';

const repository = join(import.meta.dirname, '../..');
const committed = join(repository, 'examples/documents');
const index = JSON.parse(await readFile(join(committed, 'index.json'), 'utf8')) as IndexEntry[];

const maxFileBytes = 40 * 1024;

/** The text of an uncompressed PDF, one drawn line each: the hex strings of every TJ operator, as WinAnsi. */
const textOf = (bytes: Buffer): string[] => {
  const winAnsi = new TextDecoder('windows-1252');
  return [...bytes.toString('latin1').matchAll(/\[([^\]]*)\] TJ/gu)].map(([, operands = '']) => {
    const hex = [...operands.matchAll(/<([0-9a-f]*)>/gu)].map(([, digits]) => digits).join('');
    return winAnsi.decode(Buffer.from(hex, 'hex'));
  });
};

/** A PDF text string: ASCII, or big-endian UTF-16 behind a byte order mark; no escapes in ours. */
const infoString = (bytes: Buffer, ascii: string): boolean => {
  const utf16 = Buffer.from(`\ufeff${ascii}`, 'utf16le').swap16();
  return bytes.includes(`(${ascii})`, 0, 'latin1') || bytes.includes(utf16);
};

const fileOf = (type: IndexEntry['type'], language: Language): Promise<Buffer> => {
  const entry = index.find((candidate) => candidate.type === type && candidate.language === language);
  return readFile(join(committed, entry?.file ?? ''));
};

t.test('another process in another time zone writes the committed bytes', async (t) => {
  const directory = t.testdir();
  const script = join(repository, 'scripts/make-sample-documents.ts');
  const { NODE_OPTIONS: _inherited, ...env } = process.env;
  await promisify(execFile)(process.execPath, [script, directory], {
    env: { ...env, TZ: 'Pacific/Auckland', LC_ALL: 'C' },
    timeout: 60_000,
  });
  const written = (await readdir(directory)).sort();
  t.same(
    written,
    (await readdir(committed)).filter((name) => !name.startsWith('.')).sort(),
    'the same files',
  );
  t.equal(written.length, 9, 'eight documents and the index');
  for (const name of written) {
    const [fresh, kept] = await Promise.all([
      readFile(join(directory, name)),
      readFile(join(committed, name)),
    ]);
    t.ok(fresh.equals(kept), `${name} is what the script writes`);
  }
});

t.test('rendering twice in one process gives the same bytes', async (t) => {
  for (const { entry, render } of sampleDocuments) {
    t.ok((await render()).equals(await render()), entry.file);
  }
});

t.test('each file is a small, inert A4 PDF that names itself', async (t) => {
  for (const entry of index) {
    const bytes = await readFile(join(committed, entry.file));
    const source = bytes.toString('latin1');
    t.ok(source.startsWith('%PDF-1.7\n'), `${entry.file} starts as a PDF`);
    t.ok(source.endsWith('%%EOF\n'), `${entry.file} ends as a PDF`);
    t.ok(bytes.length < maxFileBytes, `${entry.file} stays under 40 KiB`);
    t.match(source, '/MediaBox [0 0 595.28 841.89]', `${entry.file} is A4`);
    t.match(
      source,
      entry.language === 'fr' ? '/Lang (fr-FR)' : '/Lang (en-GB)',
      `${entry.file} says its language`,
    );
    t.ok(infoString(bytes, entry.title), `${entry.file} has its title`);
    const author = entry.type === 'certificate.insurance' ? 'Assurance B' : 'Banque A';
    t.ok(infoString(bytes, author), `${entry.file} has its author`);
    t.notMatch(
      source,
      /\/(?:JavaScript|JS|OpenAction|AA|Launch|EmbeddedFiles|URI)\b/u,
      `${entry.file} is inert`,
    );
  }
});

t.test('the index holds each type in each language, with the sums', async (t) => {
  t.same(
    index,
    sampleDocuments.map(({ entry }) => entry),
  );
  const totals: Readonly<Record<IndexEntry['type'], number>> = {
    'billing.invoice': invoiceSums().totalCents,
    'statement.account': statementSums().closingCents,
    'payroll.payslip': payslipSums().netPaidCents,
    'certificate.insurance': certificateSums().totalCents,
  };
  const seen = index.map((entry) => `${entry.type} ${entry.language}`).sort();
  const wanted = Object.keys(totals).flatMap((type) => [`${type} en`, `${type} fr`]);
  t.same(seen, wanted.sort());
  for (const entry of index) {
    const cents = totals[entry.type];
    t.same(entry.amount, euros(cents), `${entry.file} has the amount of its type`);
    const text = textOf(await readFile(join(committed, entry.file)));
    t.ok(text.includes(formatEuros(cents, entry.language)), `${entry.file} shows it`);
    t.match(entry.issuedAt, /^\d{4}-\d\d-\d\d$/u, `${entry.file} has a calendar date`);
    t.notMatch(
      entry.publicTitle ?? '',
      /\d|paie|payslip|relevé|statement/iu,
      `${entry.file} keeps its secret`,
    );
  }
});

t.test('the sums add up from the data, by another road', async (t) => {
  const bill = invoiceSums();
  t.equal(bill.netCents, 118_00 + 12 * 2_50 + 35_00 + 24_00);
  t.equal(bill.totalCents, 183_00 + 36_60 + 24_00);
  t.equal(
    bill.vat.reduce((sum, rate) => sum + rate.baseCents, 0),
    bill.netCents,
    'the VAT table covers all lines',
  );

  const month = statementSums();
  t.equal(month.balances.at(-1), month.closingCents, 'the running balance ends at the closing one');
  t.equal(month.closingCents - statement.openingCents, month.creditCents - month.debitCents);
  t.ok(Math.min(...month.balances) >= 0, 'the overdraft is not used, as the statement says');
  const days = statement.operations.map((operation) => operation.on);
  t.same(days, days.toSorted(), 'operations are in order');
  t.ok(days[0]! >= statement.periodFrom && days.at(-1)! <= statement.periodTo, 'and within the period');

  const pay = payslipSums();
  t.equal(pay.baseSalaryCents, 3_000_00);
  t.equal(pay.grossCents - pay.employeeCents - pay.incomeTaxCents, pay.netPaidCents);
  const withheld = pay.groups.flatMap((group) => group.lines.map((line) => line.employeeCents));
  t.equal(
    withheld.reduce((rest, cents) => rest - cents, pay.grossCents),
    pay.netBeforeTaxCents,
    'gross less each line is net',
  );
  t.equal(
    pay.taxableCents - pay.netBeforeTaxCents,
    90_62 + 30_04,
    'taxable: plus CSG, CRDS and health cover',
  );

  const premium = certificateSums();
  t.equal(premium.totalCents, 81_12 + 98_10 + 32_70 + 27_22 + certificate.guaranteeFundCents);
  t.equal(premium.instalmentCents % 1, 0, 'an instalment is a whole number of cents');
});

t.test('the documents agree with each other', async (t) => {
  const moved = (text: string): number | undefined =>
    statement.operations.find((operation) => operation.label.fr.includes(text))?.amountCents;
  t.equal(moved(invoice.number), -invoiceSums().totalCents, 'the invoice is debited');
  t.equal(moved(certificate.contract), -certificateSums().instalmentCents, 'the premium is debited');
  t.equal(moved(payslip.number), payslipSums().netPaidCents, 'the salary is credited');
});

t.test('identifiers have right check digits', async (t) => {
  const iban = account.iban.replaceAll(' ', '');
  const digits = (iban.slice(4) + iban.slice(0, 4)).replace(/[A-Z]/gu, (letter) =>
    String(letter.charCodeAt(0) - 55),
  );
  t.equal(BigInt(digits) % 97n, 1n, 'IBAN (ISO 13616)');
  const social = payslip.employee.socialSecurityNumber.replaceAll(' ', '');
  t.equal(97n - (BigInt(social.slice(0, 13)) % 97n), BigInt(social.slice(13)), 'social security number');
  const siren = BigInt(banqueA.companyNumber.replaceAll(' ', ''));
  t.equal((12n + 3n * (siren % 97n)) % 97n, BigInt(banqueA.vatNumber.slice(2, 4)), 'VAT number');
});

t.test('accents, the euro sign and no-break spaces reach the page', async (t) => {
  const fr = textOf(await fileOf('statement.account', 'fr'));
  t.ok(fr.includes('Relevé de compte'));
  t.ok(fr.includes('Virement permanent, loyer d\u2019octobre'));
  t.ok(fr.includes('Débit (€)'));
  t.ok(fr.includes(formatCents(statementSums().debitCents, 'fr')), 'the total of debits');
  t.ok(fr.includes('2\u00a0353,36'), 'written the French way');
  const en = textOf(await fileOf('statement.account', 'en'));
  t.ok(en.includes('2,353.36'), 'written the English way');
  const french = (
    await Promise.all(
      index.filter((entry) => entry.language === 'fr').map((entry) => fileOf(entry.type, 'fr')),
    )
  )
    .flatMap(textOf)
    .join('\n');
  t.notMatch(french, / [:;!?%€»]|\d \d|'/u, 'nothing that typography forbids');
});
