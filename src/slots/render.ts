import MarkdownIt from 'markdown-it';
import sanitizeHtml from 'sanitize-html';
import type { MessageText } from '../protocol/slot/message.ts';

/** The Markdown subset of messages: paragraphs, lists, emphasis. What else a body has is shown as it is written. */
const markdown = new MarkdownIt('zero', { html: false, linkify: false, typographer: false }).enable([
  'list',
  'emphasis',
  'newline',
]);
markdown.set({ breaks: true });

/** A second wall: were the renderer ever to let something through, it ends here. */
const ALLOWED = {
  allowedTags: ['p', 'br', 'em', 'strong', 'ul', 'ol', 'li'],
  allowedAttributes: {},
  disallowedTagsMode: 'escape' as const,
};

/** HTML of a message's body, safe to be put into a page as it is. */
export function renderBody(body: string): string {
  return sanitizeHtml(markdown.render(body), ALLOWED).trim();
}

/** The text in the customer's language, in another form of it, or else the first. */
export function chooseText(texts: readonly MessageText[], locale: string | undefined): MessageText {
  const base = (tag: string) => tag.split('-')[0];
  const chosen =
    texts.find(({ language }) => language === locale) ??
    texts.find(({ language }) => locale !== undefined && base(language) === base(locale)) ??
    texts[0];
  if (chosen === undefined) throw new Error('a message without a text');
  return chosen;
}
