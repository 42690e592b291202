/**
 * The one table behind the sample documents: who, when and how much. Every party is fictional. Money is in euro
 * cents, rates in hundredths of a percent (2000 = 20 %), dates are calendar dates `YYYY-MM-DD`. Nothing here is
 * a sum: totals come from sums.ts, so a document cannot disagree with its own lines.
 */

export type Language = 'fr' | 'en';

export type Text = Readonly<Record<Language, string>>;

export type Institution = {
  readonly id: 'banque-a' | 'assurance-b';
  readonly name: string;
  readonly tagline: Text;
  readonly address: readonly string[];
  readonly companyNumber: string;
  readonly vatNumber: string;
  readonly legal: Text;
  readonly contact: Text;
};

/** Company numbers pass the Luhn check but lie in a range that is never attributed. */
export const banqueA: Institution = {
  id: 'banque-a',
  name: 'Banque A',
  tagline: { fr: 'La banque de tous les jours', en: 'Everyday banking' },
  address: ['1 place des Tilleuls', '00100 Villemodèle'],
  companyNumber: '000 000 018',
  vatNumber: 'FR66000000018',
  legal: {
    fr: 'Banque A, société anonyme au capital de 10 000 000 € – RCS Villemodèle 000 000 018',
    en: 'Banque A, public limited company, capital €10,000,000 – registered in Villemodèle, no. 000 000 018',
  },
  contact: {
    fr: 'Votre conseillère : Zoé Lefèvre',
    en: 'Your adviser: Zoé Lefèvre',
  },
};

export const assuranceB: Institution = {
  id: 'assurance-b',
  name: 'Assurance B',
  tagline: { fr: 'Protéger, simplement', en: 'Protection, made simple' },
  address: ['25 quai du Canal', '00200 Portmodèle'],
  companyNumber: '000 000 026',
  vatNumber: 'FR90000000026',
  legal: {
    fr: "Assurance B, société d'assurance mutuelle à cotisations variables – RCS Portmodèle 000 000 026",
    en: 'Assurance B, mutual insurance company – registered in Portmodèle, no. 000 000 026',
  },
  contact: {
    fr: 'Une question ? Écrivez-nous depuis votre espace assuré',
    en: 'A question? Write to us from your policyholder area',
  },
};

export const customer = {
  name: { fr: 'Mme Camille Rivière', en: 'Ms Camille Rivière' },
  address: ['12 allée des Érables', '00100 Villemodèle'],
  customerNumber: '0042 1187',
} as const;

/** The bank and branch codes are unattributed; the check digits are right. */
export const account = {
  iban: 'FR76 0000 0000 0100 0123 4567 873',
  bic: 'BQAAFRP0XXX',
  label: { fr: 'Compte courant', en: 'Current account' },
} as const;

export type InvoiceLine = {
  readonly label: Text;
  readonly detail: Text;
  readonly quantity: number;
  readonly unitPriceCents: number;
  /** null: exempt from VAT, which is not the same as a rate of zero. */
  readonly vatRate: number | null;
};

export const invoice = {
  number: 'FA-2026-001873',
  issuedAt: '2026-10-05',
  debitedOn: '2026-10-15',
  mandate: 'BQA-000042-0007',
  periodFrom: '2026-10-01',
  periodTo: '2027-09-30',
  lines: [
    {
      label: { fr: 'Location de coffre-fort, format M', en: 'Safe deposit box rental, size M' },
      detail: {
        fr: 'Agence Tilleuls, coffre n° 218, 12 mois',
        en: 'Tilleuls branch, box no. 218, 12 months',
      },
      quantity: 1,
      unitPriceCents: 118_00,
      vatRate: 2000,
    },
    {
      label: { fr: 'Accès le samedi', en: 'Saturday access' },
      detail: { fr: 'Option, par mois', en: 'Option, per month' },
      quantity: 12,
      unitPriceCents: 2_50,
      vatRate: 2000,
    },
    {
      label: { fr: "Remplacement d'une clé", en: 'Key replacement' },
      detail: { fr: 'Demande du 28 septembre 2026', en: 'Requested on 28 September 2026' },
      quantity: 1,
      unitPriceCents: 35_00,
      vatRate: 2000,
    },
    {
      label: { fr: 'Assurance du contenu', en: 'Contents insurance' },
      detail: { fr: 'Plafond 15 000 €, exonérée de TVA (1)', en: 'Up to €15,000, exempt from VAT (1)' },
      quantity: 1,
      unitPriceCents: 24_00,
      vatRate: null,
    },
  ] satisfies readonly InvoiceLine[],
} as const;

export type GuaranteeLine = {
  readonly label: Text;
  readonly limitCents: number;
  readonly excessCents: number;
};

export type PremiumLine = { readonly label: Text; readonly baseCents: number; readonly taxRate: number };

export const certificate = {
  number: 'AT-2026-077310',
  contract: 'MRH 5501 2048',
  issuedAt: '2026-10-01',
  periodFrom: '2026-10-01',
  periodTo: '2027-09-30',
  signatory: { fr: 'Hélène Garçon, directrice des contrats', en: 'Hélène Garçon, head of policies' },
  home: {
    fr: 'Appartement de 3 pièces principales, 64 m², 2e étage, occupé comme locataire, résidence principale',
    en: 'Flat, 3 main rooms, 64 m², second floor, occupied as tenant, main residence',
  },
  guarantees: [
    {
      label: {
        fr: 'Responsabilité civile vie privée, dommages corporels',
        en: 'Personal liability, bodily injury',
      },
      limitCents: 20_000_000_00,
      excessCents: 0,
    },
    {
      label: {
        fr: 'Responsabilité civile vie privée, dommages matériels',
        en: 'Personal liability, property damage',
      },
      limitCents: 2_000_000_00,
      excessCents: 150_00,
    },
    {
      label: {
        fr: 'Responsabilité locative, incendie et dégât des eaux',
        en: 'Tenant liability, fire and water damage',
      },
      limitCents: 1_500_000_00,
      excessCents: 0,
    },
    {
      label: { fr: 'Mobilier, incendie et événements climatiques', en: 'Contents, fire and severe weather' },
      limitCents: 30_000_00,
      excessCents: 150_00,
    },
    {
      label: { fr: 'Vol et vandalisme', en: 'Theft and vandalism' },
      limitCents: 15_000_00,
      excessCents: 300_00,
    },
    { label: { fr: 'Bris de glace', en: 'Breakage of glass' }, limitCents: 3_000_00, excessCents: 75_00 },
    {
      label: { fr: 'Catastrophes naturelles', en: 'Natural disasters' },
      limitCents: 30_000_00,
      excessCents: 380_00,
    },
    {
      label: { fr: 'Défense pénale et recours', en: 'Legal defence and recourse' },
      limitCents: 10_000_00,
      excessCents: 0,
    },
  ] satisfies readonly GuaranteeLine[],
  premium: [
    {
      label: { fr: 'Incendie et risques annexes', en: 'Fire and related risks' },
      baseCents: 62_40,
      taxRate: 3000,
    },
    { label: { fr: 'Dommages aux biens', en: 'Property damage' }, baseCents: 90_00, taxRate: 900 },
    { label: { fr: 'Responsabilité civile', en: 'Liability' }, baseCents: 30_00, taxRate: 900 },
    { label: { fr: 'Protection juridique', en: 'Legal protection' }, baseCents: 24_00, taxRate: 1340 },
  ] satisfies readonly PremiumLine[],
  guaranteeFundCents: 6_50,
  instalments: 12,
} as const;
