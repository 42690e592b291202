import { banqueA, type Language } from './data.ts';
import { euros, type IndexEntry, type SampleDocument } from './document.ts';
import {
  createSheet,
  drawFacts,
  drawLetterhead,
  drawNotes,
  drawParties,
  finish,
  ink,
  page,
  type Sheet,
  write,
} from './layout.ts';
import { payslip } from './payslip-data.ts';
import { payslipSums } from './sums.ts';
import { drawTable, type Row } from './table.ts';
import {
  formatCents,
  formatDate,
  formatDecimal,
  formatEuros,
  formatMonth,
  formatRate,
  labelled,
  typeset,
} from './typography.ts';

const words = {
  fr: {
    file: 'bulletin-de-paie-fr.pdf',
    title: 'Bulletin de paie',
    dated: `Bulletin de paie, ${formatMonth(payslip.periodFrom, 'fr')}`,
    publicTitle: 'Nouveau document de Banque A',
    subject: 'Salaire mensuel',
    number: 'N°',
    employeeNumber: 'Matricule',
    socialSecurity: 'N° de sécurité sociale',
    job: 'Emploi',
    grade: 'Classification',
    hired: 'Ancienneté depuis',
    paidOn: 'Payé le',
    item: 'Éléments',
    base: 'Base',
    employeeRate: 'Taux salarié',
    employee: 'Part salarié (€)',
    employerRate: 'Taux employeur',
    employer: 'Part employeur (€)',
    baseSalary: (hours: string, rate: string) => `Salaire de base, ${hours} h à ${rate} €`,
    bonus: "Prime d'ancienneté",
    gross: 'Salaire brut',
    contributions: 'Total des cotisations et contributions',
    socialNet: 'Montant net social',
    netBeforeTax: 'Net à payer avant impôt sur le revenu',
    incomeTax: 'Impôt sur le revenu prélevé à la source',
    netPaid: 'Net payé',
    byTransfer: 'par virement sur votre compte à Banque A',
    cumulative: 'Cumuls 2026 (€)',
    month: 'Mois',
    year: 'Année',
    taxable: 'Net imposable',
    withheld: 'Impôt prélevé',
    leave: 'Congés payés (jours)',
    acquired: 'Acquis',
    taken: 'Pris',
    left: 'Solde',
    employerCost: "Total versé par l'employeur",
    notes: [
      'Dans votre intérêt, conservez ce bulletin sans limitation de durée.',
      'Les rubriques du bulletin sont définies sur le portail officiel www.service-public.fr.',
    ],
  },
  en: {
    file: 'payslip-en.pdf',
    title: 'Payslip',
    dated: `Payslip, ${formatMonth(payslip.periodFrom, 'en')}`,
    publicTitle: 'New document from Banque A',
    subject: 'Monthly salary',
    number: 'No.',
    employeeNumber: 'Employee no.',
    socialSecurity: 'Social security no.',
    job: 'Position',
    grade: 'Grade',
    hired: 'Employed since',
    paidOn: 'Paid on',
    item: 'Items',
    base: 'Base',
    employeeRate: 'Employee rate',
    employee: 'Employee share (€)',
    employerRate: 'Employer rate',
    employer: 'Employer share (€)',
    baseSalary: (hours: string, rate: string) => `Base salary, ${hours} h at €${rate}`,
    bonus: 'Seniority bonus',
    gross: 'Gross pay',
    contributions: 'Total contributions',
    socialNet: 'Net social amount',
    netBeforeTax: 'Net pay before income tax',
    incomeTax: 'Income tax withheld at source',
    netPaid: 'Net paid',
    byTransfer: 'by transfer to your account at Banque A',
    cumulative: 'Year to date 2026 (€)',
    month: 'Month',
    year: 'Year',
    taxable: 'Taxable net',
    withheld: 'Tax withheld',
    leave: 'Paid leave (days)',
    acquired: 'Acquired',
    taken: 'Taken',
    left: 'Balance',
    employerCost: 'Total paid by the employer',
    notes: [
      'Keep this payslip: there is no time limit to its usefulness.',
      'The official portal www.service-public.fr explains each heading of a French payslip.',
    ],
  },
} as const;

const payRows = (language: Language): Row[] => {
  const t = words[language];
  const sums = payslipSums();
  const cents = (value: number): string => (value === 0 ? '' : formatCents(value, language));
  const rate = (value: number | undefined): string =>
    value === undefined ? '' : formatRate(value, language);
  const salary = t.baseSalary(
    formatDecimal(payslip.hoursHundredths, 2, language),
    formatDecimal(payslip.hourlyRateTenThousandths, 4, language),
  );
  return [
    { cells: [salary, '', '', cents(sums.baseSalaryCents), '', ''] },
    {
      cells: [
        t.bonus,
        cents(sums.baseSalaryCents),
        rate(payslip.seniorityBonusRate),
        cents(sums.bonusCents),
        '',
        '',
      ],
    },
    { kind: 'total', cells: [t.gross, '', '', cents(sums.grossCents), '', ''] },
    ...sums.groups.flatMap((group): Row[] => [
      { kind: 'group', cells: [group.label[language]] },
      ...group.lines.map((line) => ({
        cells: [
          line.label[language],
          cents(line.baseCents),
          rate(line.employeeRate),
          cents(-line.employeeCents),
          rate(line.employerRate),
          cents(line.employerCents),
        ],
      })),
    ]),
    {
      kind: 'total',
      cells: [t.contributions, '', '', cents(-sums.employeeCents), '', cents(sums.employerCents)],
    },
    { cells: [t.socialNet, '', '', cents(sums.netBeforeTaxCents), '', ''] },
    { kind: 'total', cells: [t.netBeforeTax, '', '', cents(sums.netBeforeTaxCents), '', ''] },
    {
      cells: [
        t.incomeTax,
        cents(sums.taxableCents),
        rate(payslip.incomeTaxRate),
        cents(-sums.incomeTaxCents),
        '',
        '',
      ],
    },
  ];
};

const drawPay = (sheet: Sheet, y: number): number => {
  const t = words[sheet.language];
  return drawTable(sheet, y, {
    size: 8,
    padding: 2.2,
    columns: [
      { label: t.item, share: 40 },
      { label: t.base, share: 13, align: 'right' },
      { label: t.employeeRate, share: 11, align: 'right' },
      { label: t.employee, share: 13, align: 'right' },
      { label: t.employerRate, share: 11, align: 'right' },
      { label: t.employer, share: 13, align: 'right' },
    ],
    rows: payRows(sheet.language),
  });
};

const drawNetPaid = (sheet: Sheet, y: number): number => {
  const { language, theme } = sheet;
  const t = words[language];
  const sums = payslipSums();
  sheet.pdf.roundedRect(page.left, y, page.contentWidth, 34, 4).fill(theme.primary);
  const style = { font: 'bold', color: '#ffffff', size: 13 } as const;
  write(sheet, t.netPaid, page.left + 12, y + 10.5, { ...style, width: 90 });
  write(sheet, t.byTransfer, page.left + 104, y + 13.5, { color: '#ffffff', size: 9, width: 230 });
  write(sheet, formatEuros(sums.netPaidCents, language), page.left, y + 10.5, {
    ...style,
    width: page.contentWidth - 12,
    align: 'right',
  });
  return y + 34;
};

const drawBalances = (sheet: Sheet, y: number): number => {
  const { language } = sheet;
  const t = words[language];
  const sums = payslipSums();
  const cents = (value: number): string => formatCents(value, language);
  const days = (hundredths: number): string => formatDecimal(hundredths, 2, language);
  const half = (page.contentWidth - 16) / 2;
  const year = drawTable(sheet, y, {
    width: half,
    size: 8,
    padding: 2.5,
    columns: [
      { label: t.cumulative, share: 46 },
      { label: t.month, share: 27, align: 'right' },
      { label: t.year, share: 27, align: 'right' },
    ],
    rows: [
      { cells: [t.gross, cents(sums.grossCents), cents(sums.yearToDate.grossCents)] },
      { cells: [t.taxable, cents(sums.taxableCents), cents(sums.yearToDate.taxableCents)] },
      { cells: [t.withheld, cents(sums.incomeTaxCents), cents(sums.yearToDate.incomeTaxCents)] },
    ],
  });
  const x = page.left + half + 16;
  const leave = drawTable(sheet, y, {
    x,
    width: half,
    size: 8,
    padding: 2.5,
    columns: [
      { label: t.leave, share: 43 },
      { label: t.acquired, share: 19, align: 'right' },
      { label: t.taken, share: 19, align: 'right' },
      { label: t.left, share: 19, align: 'right' },
    ],
    rows: [
      {
        cells: [
          '2025-2026',
          days(payslip.leave.acquiredHundredths),
          days(payslip.leave.takenHundredths),
          days(sums.leaveLeftHundredths),
        ],
      },
    ],
  });
  const cost = labelled(t.employerCost, formatEuros(sums.employerCostCents, language), language);
  write(sheet, cost, x + 6, leave + 8, { size: 8.5, width: half - 12, color: ink.soft });
  return year;
};

const render = async (entry: IndexEntry): Promise<Buffer> => {
  const { language } = entry;
  const t = words[language];
  const { employee } = payslip;
  const sheet = createSheet({ ...entry, institution: banqueA, subject: t.subject });
  const head = drawLetterhead(sheet, t.title, [
    `${formatDate(payslip.periodFrom, language)} – ${formatDate(payslip.periodTo, language)}`,
    `${t.number} ${payslip.number}`,
  ]);
  const parties = drawParties(sheet, head, [
    labelled('SIREN', banqueA.companyNumber, language),
    employee.agreement[language],
    labelled(t.socialSecurity, employee.socialSecurityNumber, language),
  ]);
  const facts = drawFacts(sheet, parties - 8, [
    { label: t.employeeNumber, value: employee.number, share: 0.8 },
    { label: t.job, value: employee.job[language], share: 1.2 },
    { label: t.grade, value: employee.grade[language], share: 0.8 },
    { label: t.hired, value: formatDate(employee.hiredOn, language), share: 1.15 },
    { label: t.paidOn, value: formatDate(payslip.paidOn, language) },
  ]);
  const net = drawNetPaid(sheet, drawPay(sheet, facts - 2) + 10);
  drawNotes(sheet, drawBalances(sheet, net + 12) + 12, t.notes);
  return finish(sheet);
};

export const createPayslip = (language: Language): SampleDocument => {
  const t = words[language];
  const entry: IndexEntry = {
    file: t.file,
    type: 'payroll.payslip',
    title: typeset(t.dated, language),
    publicTitle: t.publicTitle,
    issuedAt: payslip.issuedAt,
    language,
    period: { from: payslip.periodFrom, to: payslip.periodTo },
    amount: euros(payslipSums().netPaidCents),
  };
  return { entry, render: () => render(entry) };
};
