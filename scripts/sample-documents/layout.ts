import PDFDocument from 'pdfkit';
import { customer, type Institution, type Language, type Text } from './data.ts';
import { drawLogo, type Theme, themes } from './logos.ts';
import { typeset } from './typography.ts';

/** A4 in points; y grows downwards. */
export const page = {
  width: 595.28,
  height: 841.89,
  left: 48,
  right: 547.28,
  contentWidth: 499.28,
  bottom: 776,
  footer: 792,
} as const;

/** Multiples of #33 print as short decimals: these files are uncompressed and name a colour at every word. */
export const ink = { text: '#333333', soft: '#666666', rule: '#cccccc' } as const;

const fonts = { regular: 'Helvetica', bold: 'Helvetica-Bold', italic: 'Helvetica-Oblique' } as const;

export type TextStyle = {
  readonly size?: number;
  readonly font?: keyof typeof fonts;
  readonly color?: string;
  readonly align?: 'left' | 'right' | 'center';
  readonly width?: number;
  readonly lineGap?: number;
};

export type Sheet = {
  readonly pdf: PDFKit.PDFDocument;
  readonly language: Language;
  readonly institution: Institution;
  readonly theme: Theme;
};

export type SheetOptions = {
  readonly language: Language;
  readonly institution: Institution;
  readonly title: string;
  readonly subject: string;
  /** `YYYY-MM-DD`; its midnight, UTC, is also the PDF's creation date, so that two runs give the same bytes. */
  readonly issuedAt: string;
};

/**
 * Streams are left uncompressed: deflate's output differs between zlib builds, and these files are compared byte
 * for byte. The file identifier derives from the metadata, all of it fixed.
 */
export const createSheet = ({ language, institution, title, subject, issuedAt }: SheetOptions): Sheet => {
  const createdAt = new Date(issuedAt);
  const pdf = new PDFDocument({
    size: 'A4',
    margin: 0,
    pdfVersion: '1.7',
    compress: false,
    bufferPages: true,
    lang: language === 'fr' ? 'fr-FR' : 'en-GB',
    displayTitle: true,
    info: {
      Title: title,
      Author: institution.name,
      Subject: subject,
      Creator: 'Intervault sample documents',
      CreationDate: createdAt,
      ModDate: createdAt,
    },
  });
  return { pdf, language, institution, theme: themes[institution.id] };
};

/** What the standard fonts can show: Latin-1 and the few extras of Windows-1252 that these documents use. */
const showable =
  /^[\u0020-\u007e\u00a0-\u00ff\u0152\u0153\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\u20ac]*$/u;

const prepare = (sheet: Sheet, text: string, style: TextStyle): string => {
  const set = typeset(text, sheet.language);
  if (!showable.test(set)) throw new Error(`a character outside WinAnsi would print as garbage: ${set}`);
  sheet.pdf.font(fonts[style.font ?? 'regular']).fontSize(style.size ?? 9);
  return set;
};

const flow = (style: TextStyle): PDFKit.Mixins.TextOptions => ({
  width: style.width ?? page.contentWidth,
  align: style.align ?? 'left',
  lineGap: style.lineGap ?? 1.5,
});

/** The height in points that `write` would take. */
export const measure = (sheet: Sheet, text: string, style: TextStyle = {}): number =>
  sheet.pdf.heightOfString(prepare(sheet, text, style), flow(style));

const put = (sheet: Sheet, text: string, x: number, y: number, style: TextStyle): number => {
  const set = prepare(sheet, text, style);
  const height = sheet.pdf.heightOfString(set, flow(style));
  sheet.pdf.fillColor(style.color ?? ink.text).text(set, x, y, flow(style));
  return y + height;
};

/** Writes wrapped text with its top left corner at (x, y); gives the y below it. Refuses to run into the footer. */
export const write = (sheet: Sheet, text: string, x: number, y: number, style: TextStyle = {}): number => {
  const below = put(sheet, text, x, y, style);
  if (below > page.footer) throw new Error(`runs into the footer: ${text}`);
  return below;
};

export const writeLines = (
  sheet: Sheet,
  lines: readonly string[],
  x: number,
  y: number,
  style: TextStyle = {},
): number => lines.reduce((top, line) => write(sheet, line, x, top, style), y);

export const drawRule = (sheet: Sheet, y: number, color: string = ink.rule, thickness = 0.5): void => {
  sheet.pdf.moveTo(page.left, y).lineTo(page.right, y).lineWidth(thickness).strokeColor(color).stroke();
};

/** Logo and sender on the left, the document's name and reference on the right; gives the y below. */
export const drawLetterhead = (sheet: Sheet, title: string, reference: readonly string[]): number => {
  const { pdf, institution, theme } = sheet;
  drawLogo(pdf, institution, page.left, 40);
  write(sheet, institution.name, page.left + 50, 43, {
    font: 'bold',
    size: 16,
    color: theme.primary,
    width: 200,
  });
  write(sheet, institution.tagline[sheet.language], page.left + 50, 64, { color: ink.soft, width: 200 });
  const right = { align: 'right', width: 290 } as const;
  const below = write(sheet, title, page.right - 290, 42, {
    ...right,
    font: 'bold',
    size: 18,
    color: theme.primary,
  });
  writeLines(sheet, reference, page.right - 290, below + 2, { ...right, color: ink.soft });
  drawRule(sheet, 96, theme.accent, 1.5);
  return 112;
};

/** The top of a continuation page: enough to know what a lost sheet belongs to. */
export const drawContinuation = (sheet: Sheet, title: string): number => {
  const { pdf, institution, theme } = sheet;
  pdf.addPage();
  pdf.save().translate(page.left, 36).scale(0.6);
  drawLogo(pdf, institution, 0, 0);
  pdf.restore();
  write(sheet, institution.name, page.left + 32, 42, {
    font: 'bold',
    size: 12,
    color: theme.primary,
    width: 150,
  });
  write(sheet, title, page.right - 340, 44, { align: 'right', width: 340, size: 9.5, color: ink.soft });
  drawRule(sheet, 68, theme.accent, 1.5);
  return 84;
};

/** Sender on the left, addressee where a French window envelope shows it; gives the y below. */
export const drawParties = (sheet: Sheet, y: number, details: readonly string[]): number => {
  const { institution, language } = sheet;
  const sender = writeLines(sheet, institution.address, page.left, y, { width: 220 });
  const left = writeLines(sheet, details, page.left, sender + 4, { width: 230, color: ink.soft, size: 8.5 });
  const name = write(sheet, customer.name[language], 330, y + 22, { width: 217, font: 'bold', size: 10.5 });
  const right = writeLines(sheet, customer.address, 330, name + 1, { width: 217, size: 10.5 });
  return Math.max(left, right) + 18;
};

export type Fact = { readonly label: string; readonly value: string; readonly share?: number };

/** A tinted strip of label-over-value cells, as wide as their shares (1 by default); gives the y below. */
export const drawFacts = (sheet: Sheet, y: number, facts: readonly Fact[]): number => {
  const unit = page.contentWidth / facts.reduce((total, fact) => total + (fact.share ?? 1), 0);
  const value = (fact: Fact): TextStyle => ({
    font: 'bold',
    size: 9.5,
    width: unit * (fact.share ?? 1) - 14,
  });
  const height = 26 + Math.max(...facts.map((fact) => measure(sheet, fact.value, value(fact))));
  sheet.pdf.roundedRect(page.left, y, page.contentWidth, height, 4).fill(sheet.theme.tint);
  let x = page.left + 10;
  for (const fact of facts) {
    write(sheet, fact.label, x, y + 9, { ...value(fact), font: 'regular', size: 7.5, color: ink.soft });
    write(sheet, fact.value, x, y + 21, value(fact));
    x += unit * (fact.share ?? 1);
  }
  return y + height + 16;
};

export const drawHeading = (sheet: Sheet, text: string, y: number): number =>
  write(sheet, text, page.left, y, { font: 'bold', size: 11, color: sheet.theme.primary }) + 5;

/** Small print, one paragraph after the other; gives the y below. */
export const drawNotes = (
  sheet: Sheet,
  y: number,
  notes: readonly string[],
  width: number = page.contentWidth,
): number =>
  notes.reduce((top, note) => write(sheet, note, page.left, top, { size: 8, color: ink.soft, width }) + 4, y);

const sampleNotice: Text = {
  fr: "Document d'exemple : établissement, personne et montants sont fictifs.",
  en: 'Sample document: the institution, the person and the amounts are fictional.',
};

/** Footers need the number of pages, so they come last; gives the finished file. */
export const finish = async (sheet: Sheet): Promise<Buffer> => {
  const { pdf, institution, language } = sheet;
  const { count } = pdf.bufferedPageRange();
  for (let index = 0; index < count; index++) {
    pdf.switchToPage(index);
    drawRule(sheet, page.footer);
    const small = { size: 7, color: ink.soft, width: 400 } as const;
    const below = put(sheet, institution.legal[language], page.left, 799, small);
    put(sheet, sampleNotice[language], page.left, below, { ...small, font: 'italic' });
    put(sheet, `Page ${index + 1} / ${count}`, page.right - 80, 799, {
      ...small,
      width: 80,
      align: 'right',
    });
  }
  pdf.end();
  const chunks: Uint8Array[] = [];
  for await (const chunk of pdf) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
};
