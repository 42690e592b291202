import { button, h, listen } from './dom.ts';

/** How long what was done can be undone, unless something else sets the end. */
export const UNDO_MS = 12_000;

export type UndoStrip = { element: HTMLElement; focus(): void; say(text: string): void; close(): void };

/**
 * Says what was done, and offers to undo it for a while. The time stands still while the pointer or the focus is on it, so
 * that nobody has to hurry, unless the end is the node's (`untilMs`).
 */
export function createUndoStrip(options: {
  text: string;
  undo: string;
  onUndo: () => void;
  onGone: () => void;
  lastsMs?: number;
  fixed?: boolean;
}): UndoStrip {
  let leftMs = options.lastsMs ?? UNDO_MS;
  let startedMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const held = new Set<string>();
  const text = h('p', {}, options.text);
  const undo = button({ class: 'button', part: 'undo' }, () => options.onUndo(), options.undo);
  const element = h('div', { class: 'strip', part: 'strip' }, text, undo);

  function run(): void {
    clearTimeout(timer);
    startedMs = performance.now();
    timer = setTimeout(options.onGone, leftMs);
  }
  function hold(by: string): void {
    if (options.fixed) return;
    if (held.size === 0) leftMs -= performance.now() - startedMs;
    held.add(by);
    clearTimeout(timer);
  }
  function release(by: string): void {
    if (held.delete(by) && held.size === 0) {
      // At least as long as it takes to come back.
      leftMs = Math.max(leftMs, UNDO_MS / 3);
      run();
    }
  }
  listen(element, {
    pointerenter: () => hold('pointer'),
    pointerleave: () => release('pointer'),
    focusin: () => hold('focus'),
    focusout: () => release('focus'),
  });
  run();
  return {
    element,
    focus: () => undo.focus(),
    say(words) {
      text.textContent = words;
      undo.remove();
    },
    close: () => clearTimeout(timer),
  };
}
