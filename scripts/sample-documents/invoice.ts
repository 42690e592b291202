import { account, banqueA, customer, invoice, type Language } from './data.ts';
import { euros, type IndexEntry, type SampleDocument } from './document.ts';
import {
  createSheet,
  drawFacts,
  drawHeading,
  drawLetterhead,
  drawNotes,
  drawParties,
  finish,
  page,
  type Sheet,
  write,
} from './layout.ts';
import { invoiceSums } from './sums.ts';
import { drawTable } from './table.ts';
import {
  formatCents,
  formatDate,
  formatDecimal,
  formatEuros,
  formatRate,
  labelled,
  typeset,
} from './typography.ts';

const words = {
  fr: {
    file: 'facture-fr.pdf',
    title: 'Facture',
    numbered: `Facture n° ${invoice.number}`,
    subject: 'Location de coffre-fort',
    number: 'N°',
    customerNumber: 'N° client',
    vatNumber: 'N° de TVA',
    issued: "Date d'émission",
    period: 'Période facturée',
    debited: 'Prélèvement le',
    toPay: 'Net à payer',
    item: 'Désignation',
    quantity: 'Quantité',
    unitPrice: 'Prix unitaire HT (€)',
    vatRate: 'TVA',
    net: 'Montant HT (€)',
    exempt: 'exonéré',
    netTotal: 'Total HT',
    vatTotal: 'Total TVA',
    total: 'Total TTC',
    vatHeading: 'Détail de la TVA',
    vatBase: 'Base HT (€)',
    vatAmount: 'TVA (€)',
    payment: 'Règlement',
    paid: (amount: string, date: string) =>
      `Vous n'avez rien à faire : la somme de ${amount} sera prélevée le ${date} sur votre compte.`,
    mandate: 'Référence du mandat',
    notes: [
      "(1) Opération d'assurance exonérée de TVA : article 261 C, 2° du code général des impôts.",
      "TVA acquittée sur les débits. Pas d'escompte en cas de paiement anticipé.",
      'Une réclamation ? Écrivez-nous depuis votre espace client ; nous vous répondons sous dix jours ouvrables.',
    ],
  },
  en: {
    file: 'invoice-en.pdf',
    title: 'Invoice',
    numbered: `Invoice no. ${invoice.number}`,
    subject: 'Safe deposit box rental',
    number: 'No.',
    customerNumber: 'Customer no.',
    vatNumber: 'VAT no.',
    issued: 'Issue date',
    period: 'Period invoiced',
    debited: 'Direct debit on',
    toPay: 'Amount due',
    item: 'Description',
    quantity: 'Quantity',
    unitPrice: 'Unit price excl. VAT (€)',
    vatRate: 'VAT',
    net: 'Amount excl. VAT (€)',
    exempt: 'exempt',
    netTotal: 'Total excl. VAT',
    vatTotal: 'Total VAT',
    total: 'Total incl. VAT',
    vatHeading: 'VAT breakdown',
    vatBase: 'Base (€)',
    vatAmount: 'VAT (€)',
    payment: 'Payment',
    paid: (amount: string, date: string) =>
      `There is nothing for you to do: ${amount} will be debited from your account on ${date}.`,
    mandate: 'Mandate reference',
    notes: [
      '(1) Insurance transaction, exempt from VAT: article 261 C, 2° of the French general tax code.',
      'VAT due on invoicing. No discount for early payment.',
      'A complaint? Write to us from your client area; we answer within ten working days.',
    ],
  },
} as const;

const drawLines = (sheet: Sheet, y: number): number => {
  const { language } = sheet;
  const t = words[language];
  return drawTable(sheet, y, {
    padding: 6,
    columns: [
      { label: t.item, share: 38 },
      { label: t.quantity, share: 11, align: 'right' },
      { label: t.unitPrice, share: 21, align: 'right' },
      { label: t.vatRate, share: 12, align: 'right' },
      { label: t.net, share: 20, align: 'right' },
    ],
    rows: invoiceSums().lines.map((line) => ({
      cells: [
        line.label[language],
        formatDecimal(line.quantity, 0, language),
        formatCents(line.unitPriceCents, language),
        line.vatRate === null ? t.exempt : formatRate(line.vatRate, language, 0),
        formatCents(line.netCents, language),
      ],
      detail: line.detail[language],
    })),
  });
};

const drawVat = (sheet: Sheet, y: number): number => {
  const { language } = sheet;
  const t = words[language];
  return drawTable(sheet, y, {
    width: 230,
    columns: [
      { label: t.vatRate, share: 30 },
      { label: t.vatBase, share: 35, align: 'right' },
      { label: t.vatAmount, share: 35, align: 'right' },
    ],
    rows: invoiceSums().vat.map((entry) => ({
      cells: [
        entry.rate === null ? `${t.exempt} (1)` : formatRate(entry.rate, language, 0),
        formatCents(entry.baseCents, language),
        formatCents(entry.vatCents, language),
      ],
    })),
  });
};

const drawTotals = (sheet: Sheet, top: number): number => {
  const { language, theme } = sheet;
  const t = words[language];
  const sums = invoiceSums();
  const x = 330;
  const width = page.right - x;
  let y = top;
  for (const [label, cents] of [
    [t.netTotal, sums.netCents],
    [t.vatTotal, sums.vatCents],
  ] as const) {
    write(sheet, label, x + 12, y, { width: 100, size: 9.5 });
    y =
      write(sheet, formatEuros(cents, language), x, y, { width: width - 12, align: 'right', size: 9.5 }) + 6;
  }
  sheet.pdf.roundedRect(x, y, width, 30, 4).fill(theme.primary);
  const style = { font: 'bold', size: 12, color: '#ffffff' } as const;
  write(sheet, t.total, x + 12, y + 9.5, { ...style, width: 120 });
  write(sheet, formatEuros(sums.totalCents, language), x, y + 9.5, {
    ...style,
    width: width - 12,
    align: 'right',
  });
  return y + 30;
};

const render = async (entry: IndexEntry): Promise<Buffer> => {
  const { language } = entry;
  const t = words[language];
  const sums = invoiceSums();
  const sheet = createSheet({ ...entry, institution: banqueA, subject: t.subject });
  const head = drawLetterhead(sheet, t.title, [`${t.number} ${invoice.number}`]);
  const parties = drawParties(sheet, head, [
    `${t.customerNumber} ${customer.customerNumber}`,
    `${t.vatNumber} ${banqueA.vatNumber}`,
    banqueA.contact[language],
  ]);
  const facts = drawFacts(sheet, parties, [
    { label: t.issued, value: formatDate(invoice.issuedAt, language) },
    {
      label: t.period,
      value: `${formatDate(invoice.periodFrom, language)} – ${formatDate(invoice.periodTo, language)}`,
      share: 2,
    },
    { label: t.debited, value: formatDate(invoice.debitedOn, language) },
    { label: t.toPay, value: formatEuros(sums.totalCents, language) },
  ]);
  const below = drawLines(sheet, facts) + 18;
  const vat = drawVat(sheet, drawHeading(sheet, t.vatHeading, below));
  const totals = drawTotals(sheet, below + 4);
  let y = drawHeading(sheet, t.payment, Math.max(vat, totals) + 24);
  y = write(
    sheet,
    t.paid(formatEuros(sums.totalCents, language), formatDate(invoice.debitedOn, language)),
    page.left,
    y,
    { size: 9.5 },
  );
  y = write(sheet, labelled(account.label[language], account.iban, language), page.left, y + 2, {
    size: 9.5,
  });
  y = write(sheet, labelled(t.mandate, invoice.mandate, language), page.left, y + 2, { size: 9.5 });
  drawNotes(sheet, y + 24, t.notes);
  return finish(sheet);
};

export const createInvoice = (language: Language): SampleDocument => {
  const t = words[language];
  const entry: IndexEntry = {
    file: t.file,
    type: 'billing.invoice',
    title: typeset(t.numbered, language),
    issuedAt: invoice.issuedAt,
    language,
    period: { from: invoice.periodFrom, to: invoice.periodTo },
    amount: euros(invoiceSums().totalCents),
  };
  return { entry, render: () => render(entry) };
};
