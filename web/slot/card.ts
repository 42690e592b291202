import { createAnswering } from './answering.ts';
import { actionControls, humanControls } from './card-controls.ts';
import type { SlotContext } from './context.ts';
import { button, freshId, h, heading } from './dom.ts';
import { icon } from './icons.ts';
import { createImage } from './image.ts';
import { createMenu } from './menu.ts';
import { safeNodes } from './safe-html.ts';
import type { FeedItem } from './shapes.ts';
import { showDay } from './texts.ts';

/** Longer bodies are folded. */
const FOLDED_FROM = 320;

const MUTED_DAYS = 30;

export type CardCommands = { dismiss(): void; mute(days?: number): void; report(): void };

export type Card = {
  /** As the node told it last. */
  item: FeedItem;
  element: HTMLElement;
  focus(): void;
  /** There is a conversation to be seen. */
  offerThread(thread: string): void;
  close(): void;
};

/** One message: who writes, what, what can be done, and how to reach a person. */
export function createCard(item: FeedItem, context: SlotContext, commands: CardCommands): Card {
  const { texts, headingLevel } = context;
  const { organizationName: name } = item.from;
  const titleId = freshId();
  const menu = createMenu(texts.options(item.title), [
    { label: texts.dismiss, icon: 'hide', run: commands.dismiss },
    { label: texts.mute(name), icon: 'mute', run: () => commands.mute() },
    { label: texts.muteFor(name, MUTED_DAYS), icon: 'mute', run: () => commands.mute(MUTED_DAYS) },
    { label: texts.report, icon: 'flag', run: commands.report },
  ]);
  const image = createImage(item, context);
  const place = h('div', { class: 'answer' });
  const answering = createAnswering({
    place,
    name,
    about: { message: item.id },
    context,
    onSent: offerThread,
    onClosed: () => menu.focus(),
  });
  const answer = (kind: 'reply' | 'ask_human' | 'callback') => {
    context.engage(item.id, 'opened');
    answering.open(kind);
  };
  const human = h('div', { class: 'human', part: 'human' }, ...humanControls(item, context, answer));
  let offered = false;

  function offerThread(thread: string): void {
    if (offered) return;
    offered = true;
    human.append(
      button({ class: 'quiet' }, () => context.openThread(thread), icon('talk'), texts.showThread),
    );
  }

  const element = h(
    'article',
    { class: 'card', part: 'card', 'aria-labelledby': titleId },
    h(
      'div',
      { class: 'head' },
      h('span', { class: 'monogram', part: 'monogram', 'aria-hidden': 'true' }, monogram(name)),
      h(
        'div',
        { class: 'who' },
        h('p', { class: 'from', part: 'from' }, name),
        h(
          'p',
          { class: 'meta', part: 'meta' },
          h(
            'span',
            { class: 'category', part: 'category' },
            texts.categories[item.category] ?? item.category,
          ),
          h('time', { datetime: item.placedAt }, showDay(item.placedAt, texts)),
          !item.displayed && h('span', { class: 'fresh', part: 'fresh' }, texts.fresh),
        ),
      ),
      menu.element,
    ),
    heading(
      headingLevel + 1,
      { class: 'title', part: 'title', id: titleId, lang: item.language },
      item.title,
    ),
    image?.element,
    ...bodyOf(item, context),
    h('div', { class: 'actions', part: 'actions' }, ...actionControls(item, context, answer)),
    place,
    human,
  );
  return {
    item,
    element,
    focus: () => menu.focus(),
    offerThread,
    close() {
      answering.close();
      image?.close();
    },
  };
}

function bodyOf(item: FeedItem, { texts, engage }: SlotContext): HTMLElement[] {
  const id = freshId();
  const body = h('div', { class: 'body', part: 'body', id, lang: item.language }, safeNodes(item.bodyHtml));
  if ((body.textContent ?? '').length < FOLDED_FROM) return [body];
  body.classList.add('folded');
  const fold = button(
    { class: 'quiet fold', 'aria-expanded': 'false', 'aria-controls': id },
    () => {
      const folded = body.classList.toggle('folded');
      fold.setAttribute('aria-expanded', String(!folded));
      fold.textContent = folded ? texts.readMore : texts.readLess;
      if (!folded) engage(item.id, 'opened');
    },
    texts.readMore,
  );
  return [body, fold];
}

/** The initials of its first two words. */
function monogram(name: string): string {
  const words = name.replace(/^https?:\/\//, '').split(/[\s.-]+/);
  return words
    .slice(0, 2)
    .map((word) => [...word][0]?.toUpperCase() ?? '')
    .join('');
}
