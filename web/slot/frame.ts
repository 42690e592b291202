import type { SlotContext } from './context.ts';
import { button, type Child, h, heading } from './dom.ts';
import { failureBox } from './failure.ts';
import { icon } from './icons.ts';

/** A view that takes the place of the messages. */
export type View = { element: HTMLElement; focus(): void; close(): void };

export type Frame = View & {
  body: HTMLElement;
  setTitle(title: string): void;
  /** Fills the body; where that fails, says so and offers to try again. */
  fill(load: () => Promise<Child[]>): Promise<void>;
};

/** What such views have in common: a way back, a title, a body that is loaded. */
export function createFrame(options: {
  title: string;
  back: string;
  onBack: () => void;
  context: Pick<SlotContext, 'texts' | 'headingLevel'>;
}): Frame {
  const { context } = options;
  const { texts } = context;
  const title = heading(
    context.headingLevel,
    { class: 'view-title', part: 'heading', tabindex: -1 },
    options.title,
  );
  const body = h('div', { class: 'view-body' });
  const back = button({ class: 'quiet back' }, options.onBack, icon('back'), options.back);
  const element = h('div', { class: 'view' }, back, title, body);

  async function fill(load: () => Promise<Child[]>): Promise<void> {
    element.setAttribute('aria-busy', 'true');
    body.replaceChildren(h('p', { class: 'meta' }, texts.loading));
    try {
      const children = await load();
      body.replaceChildren(...children.filter((child) => child !== undefined && child !== false));
    } catch (error) {
      body.replaceChildren(failureBox(error, 'view', texts, () => void fill(load)));
    } finally {
      element.removeAttribute('aria-busy');
    }
  }

  return {
    element,
    body,
    fill,
    setTitle(text) {
      title.textContent = text;
    },
    focus: () => title.focus(),
    close() {},
  };
}
