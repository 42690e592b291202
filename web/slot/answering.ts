import { SlotError } from './api.ts';
import type { SlotContext } from './context.ts';
import { createReplyForm } from './reply-form.ts';
import type { GivenReply, ReplyKind } from './shapes.ts';
import { createUndoStrip, type UndoStrip } from './undo-strip.ts';

/** The shortest time an undo is worth showing for. */
const LEAST_MS = 1_000;

export type Answering = {
  /** Shows the form for one kind of answer, instead of what is shown. */
  open(kind: ReplyKind, text?: string): void;
  close(): void;
};

/** Where a customer answers: a form, then what was sent with its undo, in one place of the page. */
export function createAnswering(options: {
  place: HTMLElement;
  name: string;
  /** What is answered: a message of the feed, a conversation, or an institution at large. */
  about: Pick<GivenReply, 'message' | 'thread' | 'peer'>;
  context: SlotContext;
  onSent?: (thread: string) => void;
  onTakenBack?: () => void;
  /** Where the focus goes when the form closes. */
  onClosed?: () => void;
}): Answering {
  const { place, name, about, context } = options;
  const { api, texts } = context;
  let strip: UndoStrip | undefined;
  /** What was tried last: tried again, it is the same word. */
  let tried = { said: '', key: '' };

  function clear(): void {
    strip?.close();
    strip = undefined;
    place.replaceChildren();
  }

  function open(kind: ReplyKind, text?: string): void {
    clear();
    const form = createReplyForm({
      kind,
      name,
      texts,
      ...(text !== undefined && { text }),
      send: (written) => send(kind, written),
      onClose: () => {
        clear();
        options.onClosed?.();
      },
    });
    place.append(form.element);
    form.focus();
  }

  async function send(kind: ReplyKind, text: string): Promise<void> {
    const given: GivenReply = { kind, ...about };
    if (text !== '') Object.assign(given, { text, language: texts.locale });
    const said = JSON.stringify(given);
    if (tried.said !== said) tried = { said, key: newKey() };
    const { id, thread, undoUntil } = await api.reply(given, tried.key);
    tried = { said: '', key: '' };
    clear();
    const lastsMs = Date.parse(undoUntil) - context.nowMs();
    const sent = createUndoStrip({
      text: texts.sent[kind](name),
      undo: texts.undo,
      lastsMs: Math.max(lastsMs, LEAST_MS),
      fixed: true,
      onUndo: () => void takeBack(kind, id, text),
      // What was sent stays said.
      onGone: () => sent.say(texts.sent[kind](name)),
    });
    strip = sent;
    place.append(sent.element);
    sent.focus();
    context.announce(texts.sent[kind](name));
    options.onSent?.(thread);
  }

  async function takeBack(kind: ReplyKind, id: string, text: string): Promise<void> {
    try {
      await api.undoReply(id);
    } catch (error) {
      const late = error instanceof SlotError && error.status === 409;
      const words = late ? texts.tooLate : texts.causes.other;
      strip?.say(`${texts.sent[kind](name)} ${words}`);
      context.announce(words);
      return;
    }
    context.announce(texts.takenBack);
    options.onTakenBack?.();
    open(kind, text);
  }

  return { open, close: clear };
}

function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
