import { createAnswering } from './answering.ts';
import type { SlotContext } from './context.ts';
import { button, h } from './dom.ts';
import { createFrame, type View } from './frame.ts';
import { icon } from './icons.ts';
import type { Institution } from './shapes.ts';

/** Writing to an institution that wrote nothing: a person can be asked for even where there is no message. */
export function createWriteView(context: SlotContext, to: Institution, onBack: () => void): View {
  const { texts } = context;
  const { id, organizationName: name } = to;
  const frame = createFrame({ title: name, back: texts.back, onBack, context });
  const place = h('div', { class: 'answer' });
  const answering = createAnswering({
    place,
    name,
    about: { peer: id },
    context,
    onSent: (thread) => offer(thread),
    onTakenBack: () => further.replaceChildren(),
    onClosed: () => frame.focus(),
  });
  const further = h('div', {});
  const offer = (thread: string) =>
    further.replaceChildren(
      button({ class: 'quiet' }, () => context.openThread(thread), icon('talk'), texts.showThread),
    );
  frame.body.append(
    h(
      'div',
      { class: 'actions' },
      button(
        { class: 'button main', part: 'button' },
        () => answering.open('reply'),
        icon('talk'),
        texts.write,
      ),
      button({ class: 'quiet' }, () => answering.open('ask_human'), icon('person'), texts.person),
    ),
    place,
    further,
  );
  return { ...frame, close: () => answering.close() };
}
