const TAGS = new Set(['p', 'em', 'strong', 'ul', 'ol', 'li']);
const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'" };

/** A tag without attributes, an entity, or text up to the next of them. */
const TOKEN = /<(\/?)([a-z]+)( \/|\/)?>|&(#?[a-z0-9]+);|[^<&]+|[<&]/g;

/**
 * The nodes of a message's `bodyHtml`. The node has made it safe already; this is a second wall that leans on no parser of
 * HTML, so that there is nothing in it to be fooled, and Trusted Types need no policy: what is not one of seven tags
 * without attributes that close as they opened, or one of five entities, becomes text.
 */
export function safeNodes(html: string): DocumentFragment {
  const fragment = document.createDocumentFragment();
  const open: (DocumentFragment | HTMLElement)[] = [fragment];
  const innermost = () => open[open.length - 1] ?? fragment;
  for (const match of html.matchAll(TOKEN)) {
    const [token, closing, tag, , entity] = match;
    const parent = innermost();
    if (tag === 'br' && closing === '') parent.append(document.createElement('br'));
    else if (tag !== undefined && TAGS.has(tag) && closing === '') {
      const element = document.createElement(tag);
      parent.append(element);
      open.push(element);
    } else if (tag !== undefined && 'localName' in parent && parent.localName === tag) open.pop();
    else parent.append(entity === undefined ? token : (ENTITIES[entity] ?? token));
  }
  fragment.normalize();
  return fragment;
}
