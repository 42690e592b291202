import fc from 'fast-check';
import t from 'tap';
import { chooseText, renderBody } from '../../src/slots/render.ts';
import { XSS_PAYLOADS } from '../support/xss-payloads.ts';

const ALLOWED = /^<\/?(?:p|em|strong|ul|ol|li)>$|^<br \/>$/;

/** All that a browser would take for a tag, a comment or a declaration. */
const tagsOf = (html: string) => html.match(/<[a-z/!?][^>]*>?/gi) ?? [];

function check(body: string): void {
  const html = renderBody(body);
  for (const tag of tagsOf(html)) if (!ALLOWED.test(tag)) throw new Error(`${tag} in ${html}`);
}

t.test('nothing but paragraphs, lists and emphasis, without attributes', async (t) => {
  for (const payload of XSS_PAYLOADS) {
    t.doesNotThrow(() => check(payload), payload);
    for (const around of [
      `Bonjour ${payload} fin`,
      `**${payload}**`,
      `- ${payload}`,
      `${payload}\n\n${payload}`,
    ])
      check(around);
  }
  const pieces = fc.constantFrom(
    '<',
    '>',
    '"',
    "'",
    '&',
    '*',
    '_',
    '- ',
    '\n',
    '`',
    '[x](',
    ')',
    'script',
    'img src=x onerror=',
    '#60;',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => check(parts.join(''))),
    { numRuns: 5_000 },
  );
});

t.test('what is meant to be there is', async (t) => {
  t.equal(
    renderBody('Un **conseil** et *un autre*'),
    '<p>Un <strong>conseil</strong> et <em>un autre</em></p>',
  );
  t.equal(renderBody('a\nb'), '<p>a<br />\nb</p>');
  t.equal(renderBody('1. a\n2. b'), '<ol>\n<li>a</li>\n<li>b</li>\n</ol>');
  t.equal(renderBody('3 < 4 & 5 > 2'), '<p>3 &lt; 4 &amp; 5 &gt; 2</p>');
  t.equal(renderBody('# Titre'), '<p># Titre</p>', 'anything else is shown as it is written');
});

t.test('the text in the customer’s language', async (t) => {
  const text = (language: string) => ({ language, title: language, body: language });
  const texts = [text('fr'), text('en'), text('fr-CA')];
  t.equal(chooseText(texts, 'fr-CA').language, 'fr-CA');
  t.equal(chooseText(texts, 'fr-BE').language, 'fr');
  t.equal(chooseText(texts, 'en-GB').language, 'en');
  t.equal(chooseText(texts, 'de').language, 'fr');
  t.equal(chooseText(texts, undefined).language, 'fr');
});
