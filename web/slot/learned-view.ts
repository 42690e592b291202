import type { SlotContext } from './context.ts';
import { button, h } from './dom.ts';
import { explain } from './failure.ts';
import { createFrame, type View } from './frame.ts';
import type { LearnedEvent } from './shapes.ts';
import { showTime } from './texts.ts';

/** What each institution learned of the customer, word for word. */
export function createLearnedView(context: SlotContext, onBack: () => void): View {
  const { texts, api } = context;
  const frame = createFrame({ title: texts.learned, back: texts.back, onBack, context });
  const list = h('ul', { class: 'rows', role: 'list' });
  const further = h('div', {});

  async function add(cursor?: string): Promise<void> {
    const { events, next } = await api.learned(cursor);
    const rows = events.map((event) => learnedRow(event, context));
    list.append(...rows);
    further.replaceChildren();
    if (next === null) return;
    const more = button(
      { class: 'button' },
      () => {
        more.disabled = true;
        add(next)
          .catch((error: unknown) => context.complain(explain(error, 'view', texts)))
          .finally(() => {
            more.disabled = false;
          });
      },
      texts.more,
    );
    further.append(more);
  }

  void frame.fill(async () => {
    list.replaceChildren();
    await add();
    const intro = h('p', { class: 'intro' }, texts.learnedIntro);
    return list.children.length === 0
      ? [intro, h('p', { class: 'meta' }, texts.learnedNothing)]
      : [intro, list, further];
  });
  return frame;
}

function learnedRow(event: LearnedEvent, { texts }: SlotContext): HTMLLIElement {
  const told = texts.told[event.told] ?? event.told;
  const when = event.toldAt === undefined ? '' : texts.toldAt(showTime(event.toldAt, texts));
  return h(
    'li',
    { class: 'learned', part: 'row' },
    h('span', { class: 'from' }, event.from.organizationName),
    h('span', {}, texts.kinds[event.kind] ?? event.kind),
    h('time', { class: 'meta', datetime: event.at }, showTime(event.at, texts)),
    h('span', { class: `told ${event.told}` }, `${told}${when}`),
  );
}
