import { ENGLISH } from './texts-en.ts';
import { FRENCH, type Texts } from './texts-fr.ts';

const FAR_MS = 300 * 86_400_000;

/** French for French, English for all else. */
export function textsFor(lang: string): Texts {
  return lang.toLowerCase().split('-')[0] === 'fr' ? FRENCH : ENGLISH;
}

/** With its year where one might mistake it for this one's. */
export function showDay(at: string, { locale }: Texts): string {
  const far = Math.abs(Date.parse(at) - Date.now()) > FAR_MS;
  const day = new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'long',
    ...(far && { year: 'numeric' }),
  }).format(new Date(at));
  return locale === 'fr' ? day.replace(/^1 /, '1er ') : day;
}

export function showTime(at: string, { locale }: Texts): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));
}
