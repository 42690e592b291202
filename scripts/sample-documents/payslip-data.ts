import type { Text } from './data.ts';

/**
 * The payslip's figures; the conventions (cents, rates) are those of data.ts. Rates are plausible French ones and
 * nobody's payroll reference.
 */

/** What a contribution is levied on: gross pay, the social security ceiling, or the CSG base. */
export type ContributionBase = 'gross' | 'ceiling' | 'csg';

export type Contribution = {
  readonly label: Text;
  readonly base: ContributionBase;
  readonly employeeRate?: number;
  readonly employerRate?: number;
  /** Taken off the taxable income too: everything but the non-deductible CSG and CRDS. */
  readonly deductible: boolean;
};

export type ContributionGroup = { readonly label: Text; readonly lines: readonly Contribution[] };

const health: ContributionGroup = {
  label: { fr: 'Santé', en: 'Health' },
  lines: [
    {
      label: {
        fr: 'Sécurité sociale, maladie, maternité, invalidité',
        en: 'Social security, sickness, maternity, disability',
      },
      base: 'gross',
      employerRate: 1300,
      deductible: true,
    },
    {
      label: { fr: 'Complémentaire santé', en: 'Supplementary health cover' },
      base: 'ceiling',
      employeeRate: 75,
      employerRate: 75,
      deductible: true,
    },
    {
      label: {
        fr: 'Accidents du travail, maladies professionnelles',
        en: 'Occupational accidents and diseases',
      },
      base: 'gross',
      employerRate: 70,
      deductible: true,
    },
  ],
};

const pension: ContributionGroup = {
  label: { fr: 'Retraite', en: 'Pension' },
  lines: [
    {
      label: { fr: 'Sécurité sociale plafonnée', en: 'State pension, capped' },
      base: 'gross',
      employeeRate: 690,
      employerRate: 855,
      deductible: true,
    },
    {
      label: { fr: 'Sécurité sociale déplafonnée', en: 'State pension, uncapped' },
      base: 'gross',
      employeeRate: 40,
      employerRate: 211,
      deductible: true,
    },
    {
      label: { fr: 'Complémentaire, tranche 1', en: 'Supplementary pension, band 1' },
      base: 'gross',
      employeeRate: 401,
      employerRate: 601,
      deductible: true,
    },
  ],
};

const family: ContributionGroup = {
  label: { fr: 'Famille, chômage et autres', en: 'Family, unemployment and other' },
  lines: [
    { label: { fr: 'Famille', en: 'Family benefits' }, base: 'gross', employerRate: 525, deductible: true },
    {
      label: { fr: 'Assurance chômage et AGS', en: 'Unemployment and wage guarantee' },
      base: 'gross',
      employerRate: 425,
      deductible: true,
    },
    {
      label: {
        fr: "Autres contributions dues par l'employeur",
        en: 'Other contributions due by the employer',
      },
      base: 'gross',
      employerRate: 248,
      deductible: true,
    },
    {
      label: { fr: "Allègement de cotisations de l'employeur", en: 'Relief on employer contributions' },
      base: 'gross',
      employerRate: -858,
      deductible: true,
    },
  ],
};

const csg: ContributionGroup = {
  label: { fr: 'CSG et CRDS', en: 'General social contributions (CSG, CRDS)' },
  lines: [
    {
      label: { fr: "CSG déductible de l'impôt sur le revenu", en: 'CSG, deductible from income tax' },
      base: 'csg',
      employeeRate: 680,
      deductible: true,
    },
    {
      label: { fr: 'CSG et CRDS non déductibles', en: 'CSG and CRDS, not deductible' },
      base: 'csg',
      employeeRate: 290,
      deductible: false,
    },
  ],
};

export const payslip = {
  number: 'BP-2026-10-004217',
  issuedAt: '2026-10-27',
  periodFrom: '2026-10-01',
  periodTo: '2026-10-31',
  paidOn: '2026-10-28',
  employee: {
    number: '004217',
    /** Month, department and town 00 belong to nobody; the key is right. */
    socialSecurityNumber: '2 90 00 00 000 000 49',
    job: { fr: "Conseillère d'accueil", en: 'Front desk adviser' },
    grade: { fr: 'Niveau E', en: 'Level E' },
    hiredOn: '2019-09-02',
    agreement: { fr: 'Convention collective de la banque', en: 'Collective agreement of the banking sector' },
  },
  /** 151.67 hours a month, the legal full time, at an hourly rate in ten-thousandths of a euro. */
  hoursHundredths: 151_67,
  hourlyRateTenThousandths: 19_7798,
  seniorityBonusRate: 500,
  socialSecurityCeilingCents: 4_005_00,
  /** The CSG is due on 98.25 % of gross pay, plus what the employer pays for supplementary health cover. */
  csgShareOfGross: 9825,
  incomeTaxRate: 430,
  contributions: [health, pension, family, csg],
  /** January to September. */
  yearToDateBefore: { grossCents: 28_350_00, taxableCents: 23_231_16, incomeTaxCents: 998_91 },
  leave: { acquiredHundredths: 25_00, takenHundredths: 18_00 },
} as const;
