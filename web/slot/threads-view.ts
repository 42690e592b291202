import type { SlotContext } from './context.ts';
import { button, h } from './dom.ts';
import { createFrame, type View } from './frame.ts';
import type { ThreadSummary } from './shapes.ts';
import { showTime } from './texts.ts';

/** The customer's conversations, the newest first. */
export function createThreadsView(context: SlotContext, onBack: () => void): View {
  const { texts, api } = context;
  const frame = createFrame({ title: texts.conversations, back: texts.back, onBack, context });
  void frame.fill(async () => {
    const threads = await api.threads();
    if (threads.length === 0) return [h('p', { class: 'meta' }, texts.noThreads)];
    const newest = threads.toSorted((one, other) => Date.parse(other.lastAt) - Date.parse(one.lastAt));
    return [
      h(
        'ul',
        { class: 'rows', role: 'list' },
        ...newest.map((thread) => h('li', {}, threadRow(thread, context))),
      ),
    ];
  });
  return frame;
}

function threadRow(
  { thread, from, entries, lastAt, waitingForHuman, answered }: ThreadSummary,
  context: SlotContext,
) {
  const { texts } = context;
  return button(
    { class: 'row-button', part: 'row' },
    () => context.openThread(thread),
    h('span', { class: 'from' }, from.organizationName),
    h('span', { class: 'meta' }, `${texts.entryCount(entries)}, ${showTime(lastAt, texts)}`),
    answered && h('span', { class: 'category' }, texts.answered),
    waitingForHuman && h('span', { class: 'category' }, texts.waitingForHuman),
  );
}
