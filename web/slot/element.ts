import { createSlotApi } from './api.ts';
import type { SlotContext } from './context.ts';
import { button, h, setAttributes } from './dom.ts';
import { createEngagementQueue, type EngagementQueue } from './engagement.ts';
import { createFeedView, type FeedState, type FeedView } from './feed-view.ts';
import type { View } from './frame.ts';
import { icon } from './icons.ts';
import { createLearnedView } from './learned-view.ts';
import { createSessions, fetchSessionFrom } from './session.ts';
import type { Institution, Session } from './shapes.ts';
import { STYLES } from './styles.ts';
import { textsFor } from './texts.ts';
import { createThreadView } from './thread-view.ts';
import { createThreadsView } from './threads-view.ts';
import { createWishesView } from './wishes-view.ts';
import { createWriteView } from './write-view.ts';

export type ViewName = 'messages' | 'conversations' | 'learned' | 'settings';

const COMPLAINT_MS = 15_000;
const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLES);

/** `<intervault-slot>`: see docs/vault-page.md for its attributes, properties, methods and events. */
export class IntervaultSlot extends HTMLElement {
  static readonly observedAttributes = ['api', 'placement', 'lang', 'limit', 'session-url', 'heading-level'];

  readonly #shadow = this.attachShadow({ mode: 'open' });
  readonly #said = h('div', { class: 'unseen', role: 'status' });
  readonly #complaint = h('div', { role: 'alert' });
  readonly #frame = h('section', { class: 'slot', part: 'base' });
  readonly #names = new Map<string, string>();
  #getSession: (() => Promise<Session>) | undefined;
  #session: Session | undefined;
  #feed: FeedView | undefined;
  #view: View | undefined;
  #queue: EngagementQueue | undefined;
  #context: SlotContext | undefined;
  #startAsked = false;
  #complaintTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.#shadow.adoptedStyleSheets = [sheet];
    this.#shadow.append(this.#frame, this.#said);
    for (const name of ['getSession', 'session'] as const) this.#takeOver(name);
  }

  /** Gives a session, and another each time one is about to end. */
  get getSession(): (() => Promise<Session>) | undefined {
    return this.#getSession;
  }
  set getSession(getSession: (() => Promise<Session>) | undefined) {
    this.#getSession = getSession;
    this.#askStart();
  }

  /** A session the page got by itself. When it ends, `intervault-session` asks for another. */
  get session(): Session | undefined {
    return this.#session;
  }
  set session(session: Session | undefined) {
    const first = this.#session === undefined;
    this.#session = session;
    if (first) this.#askStart();
  }

  connectedCallback(): void {
    document.addEventListener('visibilitychange', this.#onVisibility);
    window.addEventListener('pagehide', this.#onHide);
    this.#askStart();
  }

  disconnectedCallback(): void {
    document.removeEventListener('visibilitychange', this.#onVisibility);
    window.removeEventListener('pagehide', this.#onHide);
    this.#stop();
  }

  attributeChangedCallback(_name: string, before: string | null, after: string | null): void {
    if (before !== after) this.#askStart();
  }

  /** Fetches the messages again. */
  async refresh(): Promise<void> {
    await this.#feed?.load();
  }

  /** Shows a view; from a link of the vault's own page too, as where there is no message. */
  open(name: ViewName): void {
    const context = this.#context;
    if (context === undefined) return;
    const back = () => this.open('messages');
    if (name === 'messages') this.#show(undefined);
    else if (name === 'conversations') this.#show(createThreadsView(context, back));
    else if (name === 'learned')
      this.#show(createLearnedView(context, (message) => this.#feed?.settle(message), back));
    else this.#show(createWishesView(context, this.#names, back));
  }

  /** Shows a way to write to an institution, or to ask it for a person, where it wrote nothing itself. */
  write(to: Institution): void {
    const context = this.#context;
    if (context !== undefined) this.#show(createWriteView(context, to, () => this.open('messages')));
  }

  /** A property that was set before the element was defined hides the accessor. */
  #takeOver(name: 'getSession' | 'session'): void {
    if (!Object.hasOwn(this, name)) return;
    const value = this[name];
    delete this[name];
    queueMicrotask(() => Object.assign(this, { [name]: value }));
  }

  readonly #onVisibility = () => {
    if (document.visibilityState === 'visible') this.#feed?.freshen();
    else this.#queue?.flush();
  };

  readonly #onHide = () => this.#queue?.flush();

  /** Several attributes that change together make one start. */
  #askStart(): void {
    if (this.#startAsked) return;
    this.#startAsked = true;
    queueMicrotask(() => {
      this.#startAsked = false;
      this.#stop();
      if (this.isConnected) this.#start();
    });
  }

  #fetchSession(): (() => Promise<Session>) | undefined {
    if (this.#getSession !== undefined) return this.#getSession;
    const address = this.getAttribute('session-url');
    if (address !== null) return () => fetchSessionFrom(address);
    if (this.#session === undefined) return undefined;
    let given: Session | undefined;
    return async () => {
      if (this.#session === given) this.#emit('intervault-session', {});
      if (this.#session === undefined || this.#session === given)
        throw new Error('the page gave no new session');
      given = this.#session;
      return given;
    };
  }

  #start(): void {
    const fetchSession = this.#fetchSession();
    if (fetchSession === undefined) return;
    const lang = this.closest('[lang]')?.getAttribute('lang') || navigator.language;
    const texts = textsFor(lang);
    const api = createSlotApi(createSessions(fetchSession), this.getAttribute('api') ?? undefined);
    let aheadMs = 0;
    const nowMs = () => Date.now() + aheadMs;
    const queue = createEngagementQueue({ send: api.engage, nowMs, onLate: () => void this.refresh() });
    const context: SlotContext = {
      api,
      texts,
      headingLevel: Number(this.getAttribute('heading-level')) || 2,
      nowMs,
      engage: queue.add,
      announce: (text) => this.#announce(text),
      complain: (text) => this.#complain(text),
      emit: (name, detail) => this.#emit(name, detail),
      openThread: (thread) => this.#show(createThreadView(context, thread, () => this.open('conversations'))),
    };
    const fetchFeed = async () => {
      const feed = await api.feed(this.#query(lang));
      aheadMs = Date.parse(feed.now) - Date.now();
      for (const { from } of feed.items) this.#names.set(from.id, from.organizationName);
      return feed;
    };
    this.#queue = queue;
    this.#context = context;
    this.#feed = createFeedView({
      context,
      fetchFeed,
      navigation: this.#navigation(context),
      onState: (state, count) => this.#setState(state, count),
    });
    setAttributes(this.#frame, { lang: texts.locale, 'aria-label': texts.messages });
    this.#frame.replaceChildren(this.#complaint, this.#feed.element);
    void this.#feed.load();
  }

  #stop(): void {
    this.#queue?.close();
    this.#view?.close();
    this.#feed?.close();
    this.#frame.replaceChildren();
    this.#complaint.replaceChildren();
    this.#queue = this.#view = this.#feed = this.#context = undefined;
    this.removeAttribute('view');
  }

  #query(lang: string): Record<string, string> {
    const query: Record<string, string> = {};
    const [placement, limit] = [this.getAttribute('placement'), this.getAttribute('limit')];
    if (placement) query['placement'] = placement;
    if (limit) query['limit'] = limit;
    const locale = localeOf(lang);
    if (locale !== undefined) query['locale'] = locale;
    return query;
  }

  #navigation({ texts }: SlotContext): HTMLElement {
    return h(
      'div',
      { class: 'navigation', part: 'navigation' },
      button({ class: 'quiet' }, () => this.open('conversations'), icon('talk'), texts.conversations),
      button({ class: 'quiet' }, () => this.open('learned'), icon('eye'), texts.learned),
      button({ class: 'quiet' }, () => this.open('settings'), icon('settings'), texts.wishes),
    );
  }

  #show(view: View | undefined): void {
    const feed = this.#feed;
    if (feed === undefined || (view === undefined && this.#view === undefined)) return;
    this.#complaint.replaceChildren();
    this.#view?.close();
    this.#view?.element.remove();
    this.#view = view;
    feed.element.hidden = view !== undefined;
    this.toggleAttribute('view', view !== undefined);
    if (view !== undefined) this.#frame.append(view.element);
    else void feed.load();
    (view ?? feed).focus();
  }

  /** Styles of the page may go by it: `intervault-slot[state="empty"]`. */
  #setState(state: FeedState, count: number): void {
    this.setAttribute('state', state);
    this.#emit('intervault-state', { state, count });
  }

  #announce(text: string): void {
    // Emptied first: the same words twice are said twice.
    this.#said.textContent = '';
    setTimeout(() => {
      this.#said.textContent = text;
    }, 50);
  }

  #complain(text: string): void {
    clearTimeout(this.#complaintTimer);
    this.#complaint.replaceChildren(h('p', { class: 'failure', part: 'failure' }, text));
    this.#complaintTimer = setTimeout(() => this.#complaint.replaceChildren(), COMPLAINT_MS);
  }

  #emit(name: string, detail: object): boolean {
    const event = new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true });
    return !this.dispatchEvent(event);
  }
}

/** As the node takes it: language, script, region. */
function localeOf(lang: string): string | undefined {
  try {
    const { language, script, region } = new Intl.Locale(lang);
    return [language, script, region].filter((part) => part !== undefined).join('-');
  } catch {
    return undefined;
  }
}
