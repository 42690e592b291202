import { button, freshId, h, listen, setAttributes } from './dom.ts';
import { explain } from './failure.ts';
import type { ReplyKind } from './shapes.ts';
import type { Texts } from './texts-fr.ts';

/** What no text may have: tabs and the like, which come in by pasting. */
const CONTROLS = /(?!\n)\p{Cc}|[\u2028\u2029]/gu;
/** Characters, as the node counts them. */
const MAX_TEXT = 2_000;
const TELL_FROM = 200;

export type ReplyForm = { element: HTMLFormElement; focus(): void };

/** One field, and a button that says what it does. What was written stays where sending fails. */
export function createReplyForm(options: {
  kind: ReplyKind;
  name: string;
  texts: Texts;
  text?: string;
  send: (text: string) => Promise<void>;
  onClose?: () => void;
}): ReplyForm {
  const { kind, name, texts, onClose } = options;
  const words = texts.forms[kind];
  const [fieldId, noteId] = [freshId(), freshId()];
  const field = h('textarea', {
    id: fieldId,
    rows: kind === 'reply' ? 3 : 2,
    'aria-describedby': noteId,
  });
  field.value = options.text ?? '';
  const note = h('p', { class: 'note', id: noteId, role: 'status' });
  const submit = h('button', { type: 'submit', class: 'button main', part: 'button' }, words.send);
  const element = h(
    'form',
    { class: 'form', part: 'form', novalidate: true },
    h('label', { for: fieldId }, words.label(name)),
    field,
    note,
    h(
      'div',
      { class: 'row' },
      submit,
      onClose !== undefined && button({ class: 'button' }, onClose, texts.close),
    ),
  );

  function tell(text: string, failed: boolean): void {
    note.textContent = text;
    note.classList.toggle('failed', failed);
    setAttributes(field, { 'aria-invalid': failed && 'true' });
  }

  async function sendIt(): Promise<void> {
    const text = field.value.replaceAll(CONTROLS, ' ').trim();
    if (kind === 'reply' && text === '') {
      tell(texts.textNeeded, true);
      field.focus();
      return;
    }
    submit.disabled = true;
    try {
      await options.send(text);
    } catch (error) {
      tell(explain(error, 'send', texts), true);
    } finally {
      submit.disabled = false;
    }
  }

  listen(element, {
    submit: (event) => {
      event.preventDefault();
      if (!submit.disabled) void sendIt();
    },
    input: () => {
      const written = [...field.value];
      if (written.length > MAX_TEXT) field.value = written.slice(0, MAX_TEXT).join('');
      const left = Math.max(MAX_TEXT - written.length, 0);
      tell(left <= TELL_FROM ? texts.left(left) : '', false);
    },
    keydown: (event) => {
      if ((event as KeyboardEvent).key === 'Escape' && field.value.trim() === '') onClose?.();
    },
  });
  return { element, focus: () => field.focus() };
}
