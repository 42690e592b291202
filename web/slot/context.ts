import type { SlotApi } from './api.ts';
import type { EngagementKind } from './shapes.ts';
import type { Texts } from './texts-fr.ts';

/** What the parts of the page share. */
export type SlotContext = {
  readonly api: SlotApi;
  readonly texts: Texts;
  /** Of the slot's own heading; what is in it goes below. */
  readonly headingLevel: number;
  /** The node's clock, as far as the page knows it, ms. */
  nowMs(): number;
  engage(message: string, kind: EngagementKind): void;
  /** Said by screen readers, once what is being said is over. */
  announce(text: string): void;
  /** Shown, and said at once: what did not work. */
  complain(text: string): void;
  /** A DOM event of the component. Says whether the page took care of it (`preventDefault`). */
  emit(name: string, detail: object): boolean;
  openThread(thread: string): void;
};
