import { SlotError } from './api.ts';
import { button, h } from './dom.ts';
import type { Texts } from './texts-fr.ts';

/** What went wrong, in plain words: what did not work, and what to do. */
export function explain(error: unknown, what: keyof Texts['failures'], texts: Texts): string {
  const cause = error instanceof SlotError ? error.cause : 'other';
  return `${texts.failures[what]} ${texts.causes[cause]}`;
}

/** An error of a whole view, with a way to try again. */
export function failureBox(
  error: unknown,
  what: keyof Texts['failures'],
  texts: Texts,
  retry: () => void,
): HTMLElement {
  return h(
    'div',
    { class: 'failure', part: 'failure', role: 'alert' },
    h('p', {}, explain(error, what, texts)),
    button({ class: 'button' }, retry, texts.retry),
  );
}
