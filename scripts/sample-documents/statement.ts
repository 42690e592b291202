import { account, banqueA, customer, type Language } from './data.ts';
import { euros, type IndexEntry, type SampleDocument } from './document.ts';
import {
  createSheet,
  drawContinuation,
  drawFacts,
  drawHeading,
  drawLetterhead,
  drawNotes,
  drawParties,
  finish,
  type Sheet,
} from './layout.ts';
import { statement } from './statement-data.ts';
import { statementSums } from './sums.ts';
import { drawTable } from './table.ts';
import {
  formatCents,
  formatDate,
  formatDayMonth,
  formatEuros,
  formatMonth,
  labelled,
  typeset,
} from './typography.ts';

const words = {
  fr: {
    file: 'releve-de-compte-fr.pdf',
    title: 'Relevé de compte',
    dated: `Relevé de compte, ${formatMonth(statement.periodFrom, 'fr')}`,
    publicTitle: 'Nouveau document de Banque A',
    number: 'N°',
    from: 'Du',
    to: 'au',
    customerNumber: 'N° client',
    opening: (date: string) => `Solde au ${date}`,
    debits: 'Total des débits',
    credits: 'Total des crédits',
    closing: (date: string) => `Solde au ${date}`,
    operations: 'Vos opérations',
    date: 'Date',
    valueDate: 'Valeur',
    label: 'Opération',
    debit: 'Débit (€)',
    credit: 'Crédit (€)',
    balance: 'Solde (€)',
    totals: 'Total des opérations',
    useful: 'Bon à savoir',
    notes: (overdraft: string, fees: string) => [
      `Votre autorisation de découvert est de ${overdraft}. Vous ne l'avez pas utilisée ce mois-ci.`,
      `Frais bancaires prélevés ce mois-ci : ${fees}. Un récapitulatif annuel vous est envoyé chaque année en janvier.`,
      "Vous avez treize mois pour contester une opération que vous n'avez pas autorisée ; faites-le sans tarder, depuis votre espace client.",
      'En cas de désaccord persistant, vous pouvez saisir gratuitement le médiateur de Banque A.',
    ],
  },
  en: {
    file: 'account-statement-en.pdf',
    title: 'Account statement',
    dated: `Account statement, ${formatMonth(statement.periodFrom, 'en')}`,
    publicTitle: 'New document from Banque A',
    number: 'No.',
    from: 'From',
    to: 'to',
    customerNumber: 'Customer no.',
    opening: (date: string) => `Balance on ${date}`,
    debits: 'Total debits',
    credits: 'Total credits',
    closing: (date: string) => `Balance on ${date}`,
    operations: 'Your transactions',
    date: 'Date',
    valueDate: 'Value',
    label: 'Transaction',
    debit: 'Debit (€)',
    credit: 'Credit (€)',
    balance: 'Balance (€)',
    totals: 'Total of transactions',
    useful: 'Good to know',
    notes: (overdraft: string, fees: string) => [
      `Your authorised overdraft is ${overdraft}. You did not use it this month.`,
      `Bank charges taken this month: ${fees}. A yearly summary is sent to you each January.`,
      'You have thirteen months to dispute a transaction that you did not authorise; do it promptly, from your client area.',
      'If we still disagree, you may turn to the Banque A ombudsman, free of charge.',
    ],
  },
} as const;

const drawOperations = (sheet: Sheet, y: number): number => {
  const { language } = sheet;
  const t = words[language];
  const sums = statementSums();
  return drawTable(sheet, y, {
    columns: [
      { label: t.date, share: 9 },
      { label: t.valueDate, share: 9 },
      { label: t.label, share: 46 },
      { label: t.debit, share: 12, align: 'right' },
      { label: t.credit, share: 12, align: 'right' },
      { label: t.balance, share: 12, align: 'right' },
    ],
    rows: [
      ...statement.operations.map((operation, index) => ({
        cells: [
          formatDayMonth(operation.on),
          formatDayMonth(operation.valueOn),
          operation.label[language],
          operation.amountCents < 0 ? formatCents(-operation.amountCents, language) : '',
          operation.amountCents > 0 ? formatCents(operation.amountCents, language) : '',
          formatCents(sums.balances[index] ?? Number.NaN, language),
        ],
      })),
      {
        kind: 'total',
        cells: [
          '',
          '',
          t.totals,
          formatCents(sums.debitCents, language),
          formatCents(sums.creditCents, language),
          formatCents(sums.closingCents, language),
        ],
      },
    ],
    onPageEnd: () => drawContinuation(sheet, `${t.dated} – ${account.iban}`),
  });
};

const render = async (entry: IndexEntry): Promise<Buffer> => {
  const { language } = entry;
  const t = words[language];
  const sums = statementSums();
  const sheet = createSheet({ ...entry, institution: banqueA, subject: account.label[language] });
  const from = formatDate(statement.periodFrom, language);
  const to = formatDate(statement.periodTo, language);
  const head = drawLetterhead(sheet, t.title, [
    `${t.number} ${statement.number}`,
    `${t.from} ${from} ${t.to} ${to}`,
  ]);
  const parties = drawParties(sheet, head, [
    `${t.customerNumber} ${customer.customerNumber}`,
    account.label[language],
    labelled('IBAN', account.iban, language),
    labelled('BIC', account.bic, language),
    banqueA.contact[language],
  ]);
  const facts = drawFacts(sheet, parties, [
    { label: t.opening(from), value: formatEuros(statement.openingCents, language) },
    { label: t.debits, value: formatEuros(-sums.debitCents, language) },
    { label: t.credits, value: formatEuros(sums.creditCents, language) },
    { label: t.closing(to), value: formatEuros(sums.closingCents, language) },
  ]);
  const operations = drawOperations(sheet, drawHeading(sheet, t.operations, facts));
  const fees = statement.operations.at(-1)?.amountCents ?? 0;
  drawNotes(
    sheet,
    drawHeading(sheet, t.useful, operations + 22),
    t.notes(formatEuros(statement.overdraftLimitCents, language), formatEuros(-fees, language)),
  );
  return finish(sheet);
};

export const createStatement = (language: Language): SampleDocument => {
  const t = words[language];
  const entry: IndexEntry = {
    file: t.file,
    type: 'statement.account',
    title: typeset(t.dated, language),
    publicTitle: t.publicTitle,
    issuedAt: statement.issuedAt,
    language,
    period: { from: statement.periodFrom, to: statement.periodTo },
    amount: euros(statementSums().closingCents),
  };
  return { entry, render: () => render(entry) };
};
