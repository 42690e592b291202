import type { SlotContext } from './context.ts';
import { button, h, heading } from './dom.ts';
import { explain } from './failure.ts';
import type { Contact, Mute } from './shapes.ts';
import { showDay } from './texts.ts';
import { createUndoStrip, type UndoStrip } from './undo-strip.ts';

export type Mutes = { elements: HTMLElement[]; close(): void };

/** Who is muted, and until when; a mute that is ended leaves a strip with an undo in its place. */
export async function createMutes(
  contact: Contact,
  context: SlotContext,
  /** Names of institutions, as far as the page has met them. */
  known: ReadonlyMap<string, string>,
): Promise<Mutes> {
  const { texts, api } = context;
  const names = await namesOf(contact, context, known);
  const none = h('p', { class: 'meta', hidden: contact.mutes.length > 0 }, texts.noMutes);
  const list = h('ul', { class: 'rows', role: 'list' });
  const title = heading(context.headingLevel + 1, { class: 'title', tabindex: -1 }, texts.mutedOnes);
  const strips = new Set<UndoStrip>();

  function add({ peer, until }: Mute): void {
    const name = names.get(peer) ?? peer;
    const end = until !== undefined && h('span', { class: 'meta' }, texts.mutedUntil(showDay(until, texts)));
    const unmute = button({ class: 'button' }, () => void finish(), texts.unmute(name));
    const row = [h('p', { class: 'row' }, h('span', { class: 'from' }, name), ' ', end), unmute];
    const entry = h('li', { class: 'muted' }, ...row);

    async function finish(): Promise<void> {
      if (!(await changed(() => api.unmute(peer)))) return;
      const text = texts.unmuted(name);
      const strip = createUndoStrip({
        text,
        undo: texts.undo,
        onUndo: () => void again(strip),
        onGone: () => {
          strips.delete(strip);
          entry.remove();
          none.hidden = list.children.length > 0;
        },
      });
      strips.add(strip);
      entry.replaceChildren(strip.element);
      strip.focus();
      context.announce(text);
    }

    async function again(strip: UndoStrip): Promise<void> {
      if (!(await changed(() => api.mute(peer, until)))) return;
      strip.close();
      strips.delete(strip);
      entry.replaceChildren(...row);
      unmute.focus();
      context.announce(texts.mutedAgain(name));
    }
    list.append(entry);
  }

  async function changed(change: () => Promise<unknown>): Promise<boolean> {
    try {
      await change();
      return true;
    } catch (error) {
      context.complain(explain(error, 'change', texts));
      return false;
    }
  }

  for (const mute of contact.mutes) add(mute);
  return {
    elements: [title, none, list],
    close() {
      for (const strip of strips) strip.close();
    },
  };
}

/** Who was muted long ago may not be among those that write now. */
async function namesOf(
  { mutes }: Contact,
  { api }: SlotContext,
  known: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, string>> {
  if (mutes.every(({ peer }) => known.has(peer))) return known;
  const { events } = await api.learned().catch(() => ({ events: [] }));
  return new Map([...known, ...events.map(({ from }) => [from.id, from.organizationName] as const)]);
}
