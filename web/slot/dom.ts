export type Child = Node | string | undefined | false;

export type Attributes = Record<string, string | number | boolean | undefined> & {
  on?: never;
};

type Listeners = Record<string, (event: Event) => void>;

/**
 * Makes an element: attributes as they are named in HTML, children as nodes or as text. Nothing here parses HTML, and
 * every attribute's name stands in this module's own code.
 */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  for (const child of children) if (child !== undefined && child !== false) element.append(child);
  return element;
}

export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** The same element, with listeners. */
export function listen<Target extends EventTarget>(target: Target, listeners: Listeners): Target {
  for (const [type, listener] of Object.entries(listeners)) target.addEventListener(type, listener);
  return target;
}

export function button(attributes: Attributes, onClick: () => void, ...children: Child[]): HTMLButtonElement {
  return listen(h('button', { type: 'button', ...attributes }, ...children), { click: onClick });
}

/** Heard by screen readers, not seen. */
export function hidden(text: string): HTMLSpanElement {
  return h('span', { class: 'unseen' }, text);
}

export function heading(level: number, attributes: Attributes, ...children: Child[]): HTMLHeadingElement {
  return h(`h${Math.min(Math.max(level, 1), 6)}` as 'h2', attributes, ...children);
}

/** An address that a link may have: https, nothing else. */
export function safeAddress(address: string): URL | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  return url.protocol === 'https:' ? url : undefined;
}

/** A link out of the vault: a new tab that knows neither its opener nor where it came from. */
export function outwardLink(url: URL, attributes: Attributes, ...children: Child[]): HTMLAnchorElement {
  return h(
    'a',
    {
      href: url.href,
      target: '_blank',
      rel: 'noopener noreferrer',
      referrerpolicy: 'no-referrer',
      ...attributes,
    },
    ...children,
  );
}

let lastId = 0;
/** An id that no other element of this module has. */
export function freshId(): string {
  lastId += 1;
  return `ivs-${lastId}`;
}
