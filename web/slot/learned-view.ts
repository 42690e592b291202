import { SlotError } from './api.ts';
import type { SlotContext } from './context.ts';
import { button, h } from './dom.ts';
import { explain } from './failure.ts';
import { createFrame, type View } from './frame.ts';
import type { LearnedEvent } from './shapes.ts';
import { showTime } from './texts.ts';

/** What each institution learned of the customer, word for word; what they hid or reported can be put back. */
export function createLearnedView(
  context: SlotContext,
  onPutBack: (message: string) => void,
  onBack: () => void,
): View {
  const { texts, api } = context;
  const frame = createFrame({ title: texts.learned, back: texts.back, onBack, context });
  const list = h('ul', { class: 'rows', role: 'list' });
  const further = h('div', {});

  async function add(cursor?: string): Promise<void> {
    const { events, next } = await api.learned(cursor);
    const rows = events.map((event) => learnedRow(event, context, onPutBack));
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

function learnedRow(
  event: LearnedEvent,
  context: SlotContext,
  onPutBack: (message: string) => void,
): HTMLLIElement {
  const { texts } = context;
  const told = texts.told[event.told] ?? event.told;
  const when = event.toldAt === undefined ? '' : texts.toldAt(showTime(event.toldAt, texts));
  return h(
    'li',
    { class: 'learned', part: 'row' },
    h('span', { class: 'from' }, event.from.organizationName),
    h('span', {}, texts.kinds[event.kind] ?? event.kind),
    h('time', { class: 'meta', datetime: event.at }, showTime(event.at, texts)),
    h('span', { class: `told ${event.told}` }, `${told}${when}`),
    putBack(event, context, onPutBack),
  );
}

/** Not told with what else happens, as that may be lost: who asks for it is told whether it was done. */
function putBack(
  { message, undo, kind, at }: LearnedEvent,
  { texts, api, nowMs, announce, complain }: SlotContext,
  onPutBack: (message: string) => void,
): HTMLElement | undefined {
  if (message === undefined || undo === undefined) return undefined;
  const about = texts.putBackAbout(texts.kinds[kind] ?? kind, showTime(at, texts));
  const place = h('div', { class: 'back-again' });
  const run = async () => {
    again.disabled = true;
    try {
      const { recorded } = await api.engage([{ message, kind: undo, at: new Date(nowMs()).toISOString() }]);
      if (recorded === 0) throw new SlotError('other');
    } catch (error) {
      complain(explain(error, 'change', texts));
      again.disabled = false;
      again.focus();
      return;
    }
    onPutBack(message);
    const done = h('p', { class: 'note', tabindex: -1 }, texts.restored);
    place.replaceChildren(done);
    done.focus();
    announce(texts.restored);
  };
  const again = button({ class: 'button', 'aria-label': about }, () => void run(), texts.putBack);
  place.append(again);
  return place;
}
