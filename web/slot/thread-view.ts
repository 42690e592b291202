import { createAnswering } from './answering.ts';
import type { SlotContext } from './context.ts';
import { button, h } from './dom.ts';
import { createFrame, type View } from './frame.ts';
import { icon } from './icons.ts';
import { safeNodes } from './safe-html.ts';
import type { Thread, ThreadEntry } from './shapes.ts';
import { showTime } from './texts.ts';

/** How often a conversation that is looked at is fetched again. */
const REFRESH_MS = 20_000;

/** One conversation: who said what, whether a person or a machine answered, and a way to go on. */
export function createThreadView(context: SlotContext, thread: string, onBack: () => void): View {
  const { texts, api } = context;
  const frame = createFrame({
    title: texts.conversations,
    back: texts.backToConversations,
    onBack,
    context,
  });
  const list = h('ol', { class: 'talk', part: 'talk', role: 'list' });
  const place = h('div', { class: 'answer' });

  function show({ from, entries }: Thread): void {
    frame.setTitle(from.organizationName);
    if (list.children.length === entries.length && list.dataset['last'] === stateOf(entries)) return;
    list.dataset['last'] = stateOf(entries);
    list.replaceChildren(...entries.map((entry) => said(entry, from.organizationName, context)));
  }

  const refresh = () => {
    api.thread(thread, texts.locale).then(show, () => {});
  };

  void frame.fill(async () => {
    const found = await api.thread(thread, texts.locale);
    show(found);
    const answering = createAnswering({
      place,
      name: found.from.organizationName,
      about: { thread },
      context,
      onSent: refresh,
      onTakenBack: refresh,
      onClosed: () => frame.focus(),
    });
    const ways = h(
      'div',
      { class: 'actions' },
      button(
        { class: 'button main', part: 'button' },
        () => answering.open('reply'),
        icon('talk'),
        texts.reply,
      ),
      button({ class: 'quiet' }, () => answering.open('ask_human'), icon('person'), texts.person),
    );
    return [list, ways, place];
  });
  const timer = setInterval(() => {
    if (document.visibilityState === 'visible') refresh();
  }, REFRESH_MS);
  return { ...frame, close: () => clearInterval(timer) };
}

const stateOf = (entries: readonly ThreadEntry[]) => entries.map(({ id, state }) => `${id} ${state}`).join();

function said(entry: ThreadEntry, name: string, context: SlotContext): HTMLLIElement {
  const { texts } = context;
  const mine = entry.by === 'customer';
  const handledBy = entry.handledBy === undefined ? undefined : texts.handledBy[entry.handledBy];
  const who = mine ? texts.you : name;
  const state = entry.state === undefined ? undefined : texts.states[entry.state];
  return h(
    'li',
    { class: mine ? 'said mine' : 'said', part: mine ? 'said mine' : 'said' },
    h(
      'p',
      { class: 'meta' },
      h('strong', {}, handledBy === undefined ? who : `${who}, ${handledBy}`),
      h('time', { datetime: entry.at }, showTime(entry.at, texts)),
    ),
    entry.title !== undefined && h('p', { class: 'said-title', lang: entry.language }, entry.title),
    h('div', { class: 'body', lang: entry.language }, ...wordsOf(entry, texts.wordless)),
    state !== undefined && h('p', { class: 'meta' }, state),
  );
}

function wordsOf({ bodyHtml, body, kind }: ThreadEntry, wordless: Record<string, string>): (Node | string)[] {
  if (bodyHtml !== undefined) return [safeNodes(bodyHtml)];
  const words = body === undefined || body === '' ? (wordless[kind] ?? '') : body;
  return words.split('\n').map((line) => h('p', {}, line));
}
