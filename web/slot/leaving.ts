import type { Card } from './card.ts';
import type { SlotContext } from './context.ts';
import { explain } from './failure.ts';
import type { EngagementKind, Mute } from './shapes.ts';
import { showDay } from './texts.ts';
import { createUndoStrip, type UndoStrip } from './undo-strip.ts';

export type Leaving = {
  has(id: string): boolean;
  dismiss(id: string): void;
  report(id: string): void;
  /** For good, or for so many days. */
  mute(id: string, days?: number): Promise<void>;
  /** Ends the undo of a message at once: what it left with was taken back elsewhere. */
  settle(id: string): void;
  close(): void;
};

type Left = { strip: UndoStrip; end(): void };

const DAY_MS = 86_400_000;

/** Messages on their way out: each leaves a strip with an undo in its place, for some seconds. */
export function createLeaving(options: {
  context: SlotContext;
  cards: ReadonlyMap<string, Card>;
  places: ReadonlyMap<string, HTMLLIElement>;
  remove(id: string): void;
  onChange(): void;
}): Leaving {
  const { context, cards, places, remove, onChange } = options;
  const { texts, api } = context;
  /** By message: the strip in its place, or that of the message it left with. */
  const strips = new Map<string, Left>();

  /** `at` is where the strip goes; it stays itself where it isn't among those that leave. */
  function leave(at: string, ids: readonly string[], text: string, undo: () => Promise<void>): void {
    const strip = createUndoStrip({
      text,
      undo: texts.undo,
      onUndo: () => void restore(),
      onGone: () => end(),
    });
    const end = () => {
      forget();
      for (const id of ids) remove(id);
      onChange();
    };
    const forget = () => {
      strip.close();
      strip.element.remove();
      for (const id of ids) strips.delete(id);
    };
    const restore = async () => {
      try {
        await undo();
      } catch (error) {
        context.complain(explain(error, 'change', texts));
        return;
      }
      forget();
      for (const id of ids) {
        const card = cards.get(id);
        if (card !== undefined) places.get(id)?.replaceChildren(card.element);
        setHidden(id, false);
      }
      cards.get(at)?.focus();
    };
    for (const id of ids) {
      strips.set(id, { strip, end });
      if (id === at) places.get(id)?.replaceChildren();
      else setHidden(id, true);
    }
    places.get(at)?.prepend(strip.element);
    strip.focus();
    context.announce(text);
  }

  function setHidden(id: string, hidden: boolean): void {
    const place = places.get(id);
    if (place !== undefined) place.hidden = hidden;
  }

  function leaveBy(done: EngagementKind, undone: EngagementKind, text: string) {
    return (id: string) => {
      context.engage(id, done);
      leave(id, [id], text, async () => {
        context.engage(id, undone);
        context.announce(texts.restored);
      });
    };
  }

  return {
    has: (id) => strips.has(id),
    dismiss: leaveBy('dismissed', 'restored', texts.dismissed),
    report: leaveBy('reported', 'unreported', texts.reported),
    async mute(id, days) {
      const from = cards.get(id)?.item.from;
      if (from === undefined) return;
      const until = days === undefined ? undefined : new Date(context.nowMs() + days * DAY_MS).toISOString();
      let former: Mute | undefined;
      try {
        former = (await api.contact()).mutes.find(({ peer }) => peer === from.id);
        await api.mute(from.id, until);
      } catch (error) {
        context.complain(explain(error, 'change', texts));
        return;
      }
      const muted = [...cards.values()]
        .filter(({ item }) => item.from.id === from.id && item.category !== 'service')
        .map(({ item }) => item.id)
        .filter((other) => !strips.has(other));
      const end = until === undefined ? undefined : showDay(until, texts);
      leave(id, muted, texts.muted(from.organizationName, end), async () => {
        if (former === undefined) await api.unmute(from.id);
        else await api.mute(from.id, former.until);
        context.announce((former === undefined ? texts.unmuted : texts.mutedAgain)(from.organizationName));
      });
    },
    settle: (id) => strips.get(id)?.end(),
    close() {
      for (const { strip } of strips.values()) strip.close();
    },
  };
}
