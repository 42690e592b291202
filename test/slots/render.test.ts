import fc from 'fast-check';
import t from 'tap';
import { chooseText, renderBody } from '../../src/slots/render.ts';

/** Ways people have tried, in Markdown and in HTML. */
const PAYLOADS = [
  '<script>alert(1)</script>',
  '<ScRiPt src=https://x.example/x.js></ScRiPt>',
  '<img src=x onerror=alert(1)>',
  '<svg/onload=alert(1)>',
  '<svg><script href="data:,alert(1)"/></svg>',
  '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<body onload=alert(1)>',
  '<details open ontoggle=alert(1)>',
  '<a href="javascript:alert(1)">x</a>',
  '<a href=" &#14; javascript:alert(1)">x</a>',
  '<form action="javascript:alert(1)"><button>x</button></form>',
  '<input autofocus onfocus=alert(1)>',
  '<style>@import "https://x.example/x.css";</style>',
  '<link rel=stylesheet href=https://x.example/x.css>',
  '<meta http-equiv=refresh content="0;url=https://x.example">',
  '<base href="https://x.example/">',
  '<object data="data:text/html,<script>alert(1)</script>">',
  '<p style="background:url(https://x.example/pixel)">x</p>',
  '<p onclick=alert(1)>x</p>',
  '<strong class="x" id="y" data-x="1">x</strong>',
  '<!--><img src=x onerror=alert(1)>-->',
  '<![CDATA[<img src=x onerror=alert(1)>]]>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<template><script>alert(1)</script></template>',
  '</p><script>alert(1)</script><p>',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '&#60;script&#62;alert(1)&#60;/script&#62;',
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1) "title")',
  '[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)',
  '[x](https://x.example/?who=42)',
  '![pixel](https://x.example/pixel.png)',
  '[![x](https://x.example/p.png)](javascript:alert(1))',
  '<https://x.example> <javascript:alert(1)>',
  '[x]: javascript:alert(1)\n\n[x][x]',
  '```\n<script>alert(1)</script>\n```',
  '`<img src=x onerror=alert(1)>`',
  '    <script>alert(1)</script>',
  '> <img src=x onerror=alert(1)>',
  '# <img src=x onerror=alert(1)>',
  '- <img src=x onerror=alert(1)>\n- **<script>alert(1)</script>**',
  '**<b onmouseover=alert(1)>x**',
  '*<svg onload=alert(1)>*',
  '__proto__ **constructor**',
  '<scr<script>ipt>alert(1)</scr</script>ipt>',
  '<<img src=x onerror=alert(1)//',
  '\u202ejavascript:alert(1)',
  '<img\u000asrc=x\u000aonerror=alert(1)>',
];

const ALLOWED = /^<\/?(?:p|em|strong|ul|ol|li)>$|^<br \/>$/;

/** All that a browser would take for a tag, a comment or a declaration. */
const tagsOf = (html: string) => html.match(/<[a-z/!?][^>]*>?/gi) ?? [];

function check(body: string): void {
  const html = renderBody(body);
  for (const tag of tagsOf(html)) if (!ALLOWED.test(tag)) throw new Error(`${tag} in ${html}`);
}

t.test('nothing but paragraphs, lists and emphasis, without attributes', async (t) => {
  for (const payload of PAYLOADS) {
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
