import { type Card, createCard } from './card.ts';
import type { SlotContext } from './context.ts';
import { h, heading } from './dom.ts';
import { failureBox } from './failure.ts';
import { createLeaving } from './leaving.ts';
import type { Feed, FeedItem } from './shapes.ts';
import { watchVisibility } from './visibility.ts';

const LEAST_BETWEEN_MS = 2_000;
/** Older than that it is fetched again when the customer comes back to the page. */
const STALE_MS = 60_000;

export type FeedState = 'loading' | 'ready' | 'empty' | 'error';

export type FeedView = {
  element: HTMLElement;
  load(): Promise<void>;
  /** The customer is back: what is old is fetched again. */
  freshen(): void;
  /** A message was put back elsewhere: what is left of it here goes, until it is fetched anew. */
  settle(id: string): void;
  focus(): void;
  close(): void;
};

/** The messages of the moment, each in a card. */
export function createFeedView(options: {
  context: SlotContext;
  fetchFeed(): Promise<Feed>;
  navigation: HTMLElement;
  onState(state: FeedState, count: number): void;
}): FeedView {
  const { context, fetchFeed, onState } = options;
  const { texts } = context;
  const cards = new Map<string, Card>();
  const places = new Map<string, HTMLLIElement>();
  const list = h('ul', { class: 'cards', part: 'list', role: 'list' });
  const title = heading(
    context.headingLevel,
    { class: 'view-title', part: 'heading', tabindex: -1 },
    texts.messages,
  );
  const trouble = h('div', {});
  const element = h(
    'div',
    { class: 'view' },
    h('div', { class: 'top' }, title, options.navigation),
    trouble,
    list,
  );
  let loadedMs = 0;
  let loading: Promise<void> | undefined;

  const cardOf = (target: Element) => [...cards.values()].find((card) => card.element === target);
  const leaseEnded = ({ displayed, leasedUntil }: FeedItem) =>
    !displayed && leasedUntil !== undefined && Date.parse(leasedUntil) <= context.nowMs();

  const watch = watchVisibility({
    onEnter(target) {
      const card = cardOf(target);
      // Its place may be another message's by now.
      if (card !== undefined && leaseEnded(card.item)) void load();
    },
    onSeen(target) {
      const card = cardOf(target);
      if (card === undefined || leaseEnded(card.item)) return;
      card.item = { ...card.item, displayed: true };
      context.engage(card.item.id, 'displayed');
    },
  });

  const leaving = createLeaving({ context, cards, places, remove, onChange: tellState });

  function tellState(): void {
    onState(cards.size === 0 ? 'empty' : 'ready', cards.size);
  }

  function remove(id: string): void {
    const card = cards.get(id);
    if (card !== undefined) {
      watch.unwatch(card.element);
      card.close();
    }
    places.get(id)?.remove();
    cards.delete(id);
    places.delete(id);
  }

  function add(item: FeedItem): void {
    const card = createCard(item, context, {
      dismiss: () => leaving.dismiss(item.id),
      mute: (days) => void leaving.mute(item.id, days),
      report: () => leaving.report(item.id),
    });
    cards.set(item.id, card);
    places.set(item.id, h('li', {}, card.element));
  }

  /** Cards stay what they are, with what is being written in them, as long as the node still offers their message. */
  function show({ items }: Feed): void {
    const offered = new Set(items.map(({ id }) => id));
    for (const id of [...cards.keys()]) if (!offered.has(id) && !leaving.has(id)) remove(id);
    for (const item of items) {
      const card = cards.get(item.id);
      if (card === undefined) add(item);
      else card.item = { ...item, displayed: card.item.displayed || item.displayed };
    }
    const shown = items.flatMap(({ id }) => places.get(id) ?? []);
    for (const [index, place] of shown.entries())
      if (list.children[index] !== place) list.insertBefore(place, list.children[index] ?? null);
    for (const { item, element: card } of cards.values()) {
      if (item.displayed) continue;
      watch.unwatch(card);
      watch.watch(card);
    }
    trouble.replaceChildren();
    tellState();
  }

  async function fetchAndShow(): Promise<void> {
    if (cards.size === 0) onState('loading', 0);
    try {
      show(await fetchFeed());
    } catch (error) {
      // What is there stays: it was true a moment ago.
      if (cards.size > 0) return;
      trouble.replaceChildren(failureBox(error, 'feed', texts, () => void load()));
      onState('error', 0);
      return;
    }
    if (cards.size > 0) await offerThreads();
  }

  async function offerThreads(): Promise<void> {
    const threads = await context.api.threads().catch(() => []);
    const running = new Set(threads.map(({ thread }) => thread));
    for (const card of cards.values()) if (running.has(card.item.thread)) card.offerThread(card.item.thread);
  }

  async function load(): Promise<void> {
    if (loading !== undefined) return loading;
    const waitMs = loadedMs + LEAST_BETWEEN_MS - performance.now();
    if (loadedMs > 0 && waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    loading ??= fetchAndShow().finally(() => {
      loading = undefined;
      loadedMs = performance.now();
    });
    return loading;
  }

  return {
    element,
    load,
    freshen() {
      if (loadedMs > 0 && performance.now() - loadedMs > STALE_MS) void load();
    },
    settle: leaving.settle,
    focus: () => title.focus(),
    close() {
      watch.close();
      for (const id of [...cards.keys()]) remove(id);
      leaving.close();
    },
  };
}
