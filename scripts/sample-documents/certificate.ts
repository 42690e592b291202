import { assuranceB, certificate, customer, type Language } from './data.ts';
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
import { certificateSums } from './sums.ts';
import { drawTable } from './table.ts';
import {
  formatCents,
  formatDate,
  formatDecimal,
  formatEuros,
  formatRate,
  formatWholeEuros,
  typeset,
} from './typography.ts';

const words = {
  fr: {
    file: 'attestation-assurance-fr.pdf',
    title: "Attestation d'assurance",
    named: "Attestation d'assurance habitation 2026-2027",
    subject: 'Assurance multirisque habitation',
    number: 'N°',
    contract: 'Contrat',
    from: 'Valable du',
    to: 'au',
    premium: 'Cotisation annuelle TTC',
    certify: (who: string, contract: string, from: string, to: string) =>
      `Assurance B atteste que ${who} est titulaire du contrat multirisque habitation n° ${contract}, en vigueur du ${from} au ${to}, pour le logement ci-dessous.`,
    home: 'Logement assuré',
    guarantees: 'Garanties souscrites',
    guarantee: 'Garantie',
    limit: 'Plafond par sinistre',
    excess: 'Franchise',
    none: 'néant',
    premiumHeading: 'Cotisation annuelle',
    item: 'Garantie',
    base: 'Hors taxe (€)',
    taxRate: 'Taxe',
    tax: 'Taxe (€)',
    total: 'TTC (€)',
    fund: 'Contribution au fonds de garantie des victimes',
    sum: 'Total annuel',
    instalments: (count: string, amount: string) => `Réglée en ${count} prélèvements de ${amount}.`,
    place: 'Fait à Portmodèle, le',
    notes: [
      "Cette attestation, remise pour servir et valoir ce que de droit, vaut présomption d'assurance ; elle n'engage Assurance B que dans les limites du contrat auquel elle se réfère.",
      "Elle satisfait à l'obligation d'assurance du locataire : article 7, g) de la loi n° 89-462 du 6 juillet 1989.",
    ],
  },
  en: {
    file: 'insurance-certificate-en.pdf',
    title: 'Insurance certificate',
    named: 'Home insurance certificate 2026-2027',
    subject: 'Comprehensive home insurance',
    number: 'No.',
    contract: 'Policy',
    from: 'Valid from',
    to: 'to',
    premium: 'Yearly premium incl. tax',
    certify: (who: string, contract: string, from: string, to: string) =>
      `Assurance B certifies that ${who} holds comprehensive home insurance policy no. ${contract}, in force from ${from} to ${to}, for the home described below.`,
    home: 'Insured home',
    guarantees: 'Cover',
    guarantee: 'Guarantee',
    limit: 'Limit per claim',
    excess: 'Excess',
    none: 'none',
    premiumHeading: 'Yearly premium',
    item: 'Guarantee',
    base: 'Before tax (€)',
    taxRate: 'Tax rate',
    tax: 'Tax (€)',
    total: 'Incl. tax (€)',
    fund: "Contribution to the victims' guarantee fund",
    sum: 'Total for the year',
    instalments: (count: string, amount: string) => `Paid in ${count} direct debits of ${amount}.`,
    place: 'Portmodèle,',
    notes: [
      'This certificate is issued for whatever purpose it may serve and is presumed proof of insurance; it binds Assurance B only within the limits of the policy it refers to.',
      "It meets the tenant's duty to be insured: article 7, g) of French law no. 89-462 of 6 July 1989.",
    ],
  },
} as const;

const drawGuarantees = (sheet: Sheet, y: number): number => {
  const { language } = sheet;
  const t = words[language];
  return drawTable(sheet, y, {
    padding: 2.8,
    columns: [
      { label: t.guarantee, share: 60 },
      { label: t.limit, share: 22, align: 'right' },
      { label: t.excess, share: 18, align: 'right' },
    ],
    rows: certificate.guarantees.map((line) => ({
      cells: [
        line.label[language],
        formatWholeEuros(line.limitCents, language),
        line.excessCents === 0 ? t.none : formatWholeEuros(line.excessCents, language),
      ],
    })),
  });
};

const drawPremium = (sheet: Sheet, y: number): number => {
  const { language } = sheet;
  const t = words[language];
  const sums = certificateSums();
  const cents = (value: number): string => formatCents(value, language);
  return drawTable(sheet, y, {
    padding: 2.8,
    columns: [
      { label: t.item, share: 48 },
      { label: t.base, share: 15, align: 'right' },
      { label: t.taxRate, share: 11, align: 'right' },
      { label: t.tax, share: 12, align: 'right' },
      { label: t.total, share: 14, align: 'right' },
    ],
    rows: [
      ...sums.lines.map((line) => ({
        cells: [
          line.label[language],
          cents(line.baseCents),
          formatRate(line.taxRate, language, 1),
          cents(line.taxCents),
          cents(line.baseCents + line.taxCents),
        ],
      })),
      { cells: [t.fund, '', '', '', cents(certificate.guaranteeFundCents)] },
      {
        kind: 'total',
        cells: [t.sum, cents(sums.baseCents), '', cents(sums.taxCents), cents(sums.totalCents)],
      },
    ],
  });
};

const drawSignature = (sheet: Sheet, y: number): void => {
  const { language, pdf, theme } = sheet;
  const t = words[language];
  const x = 330;
  const dated = write(sheet, `${t.place} ${formatDate(certificate.issuedAt, language)}`, x, y, {
    width: 217,
  });
  const signed = write(sheet, certificate.signatory[language], x, dated + 1, { width: 217, font: 'bold' });
  pdf
    .save()
    .translate(x + 4, signed + 4)
    .path(
      'M2 26 C10 4 18 2 17 14 C16 26 8 32 10 24 C12 16 26 14 30 18 C34 22 26 30 30 26 C36 20 38 14 42 16 C46 18 38 28 46 24',
    )
    .path(
      'M46 24 C56 16 52 6 60 8 C68 10 56 28 66 24 C76 20 78 14 86 16 C94 18 84 26 98 22 C112 18 120 16 132 20',
    )
    .path('M14 34 C50 26 96 28 140 30')
    .lineWidth(1.1)
    .lineCap('round')
    .lineJoin('round')
    .strokeColor(theme.primary)
    .stroke()
    .restore();
};

const render = async (entry: IndexEntry): Promise<Buffer> => {
  const { language } = entry;
  const t = words[language];
  const sums = certificateSums();
  const from = formatDate(certificate.periodFrom, language);
  const to = formatDate(certificate.periodTo, language);
  const sheet = createSheet({ ...entry, institution: assuranceB, subject: t.subject });
  const head = drawLetterhead(sheet, t.title, [`${t.number} ${certificate.number}`, t.subject]);
  const parties = drawParties(sheet, head, [assuranceB.contact[language]]);
  const who = `${customer.name[language]}, ${customer.address.join(', ')},`;
  const statement = t.certify(who, certificate.contract, from, to);
  const certified = write(sheet, statement, page.left, parties, { size: 10, lineGap: 3 });
  const facts = drawFacts(sheet, certified + 8, [
    { label: t.contract, value: certificate.contract },
    { label: t.from, value: `${from} ${t.to} ${to}`, share: 1.7 },
    { label: t.premium, value: formatEuros(sums.totalCents, language) },
  ]);
  const home = write(sheet, certificate.home[language], page.left, drawHeading(sheet, t.home, facts - 2), {});
  const guarantees = drawGuarantees(sheet, drawHeading(sheet, t.guarantees, home + 12));
  const premium = drawPremium(sheet, drawHeading(sheet, t.premiumHeading, guarantees + 14)) + 12;
  const count = formatDecimal(certificate.instalments, 0, language);
  const instalments = t.instalments(count, formatEuros(sums.instalmentCents, language));
  const paid = write(sheet, instalments, page.left, premium, { width: 258 });
  drawNotes(sheet, paid + 6, t.notes, 258);
  drawSignature(sheet, premium);
  return finish(sheet);
};

export const createCertificate = (language: Language): SampleDocument => {
  const t = words[language];
  const entry: IndexEntry = {
    file: t.file,
    type: 'certificate.insurance',
    title: typeset(t.named, language),
    issuedAt: certificate.issuedAt,
    language,
    period: { from: certificate.periodFrom, to: certificate.periodTo },
    amount: euros(certificateSums().totalCents),
  };
  return { entry, render: () => render(entry) };
};
