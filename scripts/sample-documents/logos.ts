import type { Institution } from './data.ts';

export type Theme = {
  /** Titles, table heads. */
  readonly primary: string;
  readonly accent: string;
  /** A wash of the primary, light enough for black text. */
  readonly tint: string;
};

export const themes: Readonly<Record<Institution['id'], Theme>> = {
  'banque-a': { primary: '#003366', accent: '#0099cc', tint: '#edf2f8' },
  'assurance-b': { primary: '#1f5f4a', accent: '#e0a030', tint: '#edf5f1' },
};

type Pdf = PDFKit.PDFDocument;

/** A gable on three columns that reads as the letter A; drawn in a 40 point square. */
const drawBanqueA = (pdf: Pdf, theme: Theme): void => {
  pdf.roundedRect(0, 0, 40, 40, 8).fill(theme.primary);
  pdf.path('M20 6 L34 32 H28.6 L20 15.6 L11.4 32 H6 Z').fill('#ffffff');
  pdf.path('M16.2 24 H23.8 L25.9 28 H14.1 Z').fill(theme.accent);
};

/** A shield that holds the two bowls of a B; drawn in a 40 point square. */
const drawAssuranceB = (pdf: Pdf, theme: Theme): void => {
  pdf
    .path('M20 1 C26 5 31 6 37 6 V19 C37 29 30 36 20 39.5 C10 36 3 29 3 19 V6 C9 6 14 5 20 1 Z')
    .fill(theme.primary);
  pdf
    .path(
      'M13.5 10 H21.5 C26 10 28 12.2 28 15 C28 17.2 26.8 18.6 25.2 19.3 C27.6 20 29 21.8 29 24.4 C29 28 26.4 30 22 30 H13.5 Z',
    )
    .fill('#ffffff');
  pdf
    .path('M17.8 13.6 H21 C22.9 13.6 23.8 14.4 23.8 15.7 C23.8 17 22.9 17.8 21 17.8 H17.8 Z')
    .fill(theme.primary);
  pdf
    .path('M17.8 21.2 H21.6 C23.8 21.2 24.8 22.2 24.8 23.8 C24.8 25.5 23.8 26.4 21.6 26.4 H17.8 Z')
    .fill(theme.accent);
};

export const drawLogo = (pdf: Pdf, institution: Institution, x: number, y: number): void => {
  pdf.save().translate(x, y);
  const draw = institution.id === 'banque-a' ? drawBanqueA : drawAssuranceB;
  draw(pdf, themes[institution.id]);
  pdf.restore();
};
