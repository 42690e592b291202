import type { Language } from './data.ts';

/**
 * The no-break space. French typography would rather have the narrow one (U+202F) inside numbers and before
 * `; ! ?`, but the standard PDF fonts are encoded in WinAnsi, which lacks it.
 */
const NBSP = '\u00a0';

const monthNames: Readonly<Record<Language, readonly string[]>> = {
  fr: [
    'janvier',
    'février',
    'mars',
    'avril',
    'mai',
    'juin',
    'juillet',
    'août',
    'septembre',
    'octobre',
    'novembre',
    'décembre',
  ],
  en: [
    'January',
    'February',
    'March',
    'April',
    'May',
    'June',
    'July',
    'August',
    'September',
    'October',
    'November',
    'December',
  ],
};

/** Puts the apostrophes and the no-break spaces that the language wants into plainly typed text. */
export const typeset = (text: string, language: Language): string => {
  const curled = text.replaceAll("'", '\u2019').replace(/(?<=\d) (?=\d)/gu, NBSP);
  if (language === 'en') return curled.replaceAll('no. ', `no.${NBSP}`);
  return curled.replace(/ (?=[:;!?%€»–])/gu, NBSP).replace(/(?<=«|n°|Mme|M\.) /gu, NBSP);
};

const grouped = (digits: string, language: Language): string =>
  digits.replace(/\B(?=(?:\d{3})+$)/gu, language === 'fr' ? NBSP : ',');

/** `Label : value` or `Label: value`. */
export const labelled = (label: string, value: string, language: Language): string =>
  typeset(language === 'fr' ? `${label} : ${value}` : `${label}: ${value}`, language);

/** A number given as an integer of `10^-decimals`; the minus is an en dash, as wide as a digit. */
export const formatDecimal = (scaled: number, decimals: number, language: Language): string => {
  const digits = String(Math.abs(scaled)).padStart(decimals + 1, '0');
  const whole = grouped(digits.slice(0, digits.length - decimals), language);
  const fraction = decimals === 0 ? '' : (language === 'fr' ? ',' : '.') + digits.slice(-decimals);
  return `${scaled < 0 ? '\u2013' : ''}${whole}${fraction}`;
};

/** Cents without the currency, for the columns of a table that names it. */
export const formatCents = (cents: number, language: Language): string => formatDecimal(cents, 2, language);

export const formatEuros = (cents: number, language: Language): string => {
  const amount = formatCents(Math.abs(cents), language);
  const sign = cents < 0 ? '\u2013' : '';
  return language === 'fr' ? `${sign}${amount}${NBSP}€` : `${sign}€${amount}`;
};

/** Whole euros, for limits and excesses that have no cents. */
export const formatWholeEuros = (cents: number, language: Language): string => {
  const amount = formatDecimal(cents / 100, 0, language);
  return language === 'fr' ? `${amount}${NBSP}€` : `€${amount}`;
};

/** A rate in hundredths of a percent, with at least `decimals` (0 drops them: 20 %). */
export const formatRate = (rate: number, language: Language, decimals: 0 | 1 | 2 = 2): string => {
  const amount = formatDecimal(rate / 10 ** (2 - decimals), decimals, language);
  return language === 'fr' ? `${amount}${NBSP}%` : `${amount}%`;
};

const parts = (date: string): { year: string; month: number; day: number } => {
  const [year = '', month = '', day = ''] = date.split('-');
  return { year, month: Number(month), day: Number(day) };
};

/** `2026-10-01` as `1er octobre 2026` or `1 October 2026`. */
export const formatDate = (date: string, language: Language): string => {
  const { year, month, day } = parts(date);
  const first = language === 'fr' && day === 1 ? '1er' : String(day);
  return `${first}${NBSP}${monthNames[language][month - 1] ?? ''}${NBSP}${year}`;
};

/** `2026-10-01` as `octobre 2026` or `October 2026`. */
export const formatMonth = (date: string, language: Language): string => {
  const { year, month } = parts(date);
  return `${monthNames[language][month - 1] ?? ''}${NBSP}${year}`;
};

/** `2026-10-05` as `05/10`: both languages here read the day first. */
export const formatDayMonth = (date: string): string => {
  const { month, day } = parts(date);
  return `${String(day).padStart(2, '0')}/${String(month).padStart(2, '0')}`;
};
