import { button, freshId, h, listen } from './dom.ts';
import { type IconName, icon } from './icons.ts';

export type MenuEntry = { label: string; icon: IconName; run: () => void };

export type Menu = { element: HTMLElement; focus(): void };

/** A button that shows a few others: closed by Escape, by what lies outside, and by the choice itself. */
export function createMenu(label: string, entries: readonly MenuEntry[]): Menu {
  const id = freshId();
  const list = h('div', { class: 'menu-list', part: 'menu', id, hidden: true });
  const opener = button(
    { class: 'quiet round', 'aria-label': label, 'aria-expanded': 'false', 'aria-controls': id },
    () => toggle(list.hidden === true),
    icon('more'),
  );
  const element = h('div', { class: 'menu' }, opener, list);
  const buttons = entries.map(({ label: text, icon: name, run }) =>
    button(
      { class: 'menu-entry' },
      () => {
        toggle(false);
        run();
      },
      icon(name),
      text,
    ),
  );
  list.append(...buttons);

  function toggle(open: boolean): void {
    list.hidden = !open;
    opener.setAttribute('aria-expanded', String(open));
    if (open) buttons[0]?.focus();
  }

  function step(by: number, from: EventTarget | null): void {
    const at = buttons.indexOf(from as HTMLButtonElement);
    if (at !== -1) buttons[(at + by + buttons.length) % buttons.length]?.focus();
  }

  listen(element, {
    keydown: (event) => {
      const { key } = event as KeyboardEvent;
      if (list.hidden) return;
      if (key === 'Escape') {
        toggle(false);
        opener.focus();
      } else if (key === 'ArrowDown' || key === 'ArrowUp') step(key === 'ArrowDown' ? 1 : -1, event.target);
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    focusout: (event) => {
      const to = (event as FocusEvent).relatedTarget;
      if (!list.hidden && !(to instanceof Node && element.contains(to))) toggle(false);
    },
  });
  return { element, focus: () => opener.focus() };
}
