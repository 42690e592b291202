import type { InboxDocument, Link } from './node-api.ts';
import { type Language, TEXTS } from './texts.ts';

export type PageContent = {
  language: Language;
  name: string;
  user: string;
  /** Where the component is loaded from. */
  node: string;
  links: readonly Link[];
  documents: readonly InboxDocument[];
};

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const text = (value: string) => value.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** The home page. What comes from elsewhere is text. */
export function renderPage({ language, name, user, node, links, documents }: PageContent): string {
  const texts = TEXTS[language];
  const institutions = [...new Map(links.map(({ peer }) => [peer.id, peer.organizationName]))];
  const nameOf = (peer: string) => institutions.find(([id]) => id === peer)?.[1] ?? peer;
  const dates = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' });
  const day = (at: string) => dates.format(new Date(at)).replace(/^1 /, '1er ');

  const documentRow = ({ id, exchange, peer, receivedAt, metadata }: InboxDocument) => `
        <li>
          <a class="document" href="/documents/${text(id)}" data-exchange="${text(exchange)}">
            <span class="sheet" aria-hidden="true"></span>
            <span class="what">
              <span class="title">${text(metadata?.title ?? id)}</span>
              <span class="note">${text(nameOf(peer))} · ${texts.issued} ${day(metadata?.issuedAt ?? receivedAt)}</span>
            </span>
            <span class="get">${texts.download}</span>
          </a>
        </li>`;

  return `<!doctype html>
<html lang="${language}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${text(name)}, ${texts.home}</title>
  <link rel="stylesheet" href="/assets/page.css">
  <script type="module" crossorigin src="${text(node)}/web/intervault-slot.js"></script>
  <script type="module" src="/assets/page.js"></script>
</head>
<body>
  <a class="skip" href="#content">${texts.skip}</a>
  <header>
    <div class="bar">
      <a class="brand" href="/${language}"><span class="mark" aria-hidden="true"></span>${text(name)}</a>
      <nav aria-label="${text(name)}">
        <a href="/${language}" aria-current="page">${texts.home}</a>
        <button type="button" data-view="conversations">${texts.conversations}</button>
        <button type="button" data-view="settings">${texts.settings}</button>
      </nav>
      <p class="account">
        <a href="/${texts.other.language}" hreflang="${texts.other.language}" lang="${texts.other.language}">${texts.other.name}</a>
        <span class="user">${text(user)}</span>
      </p>
    </div>
  </header>
  <main id="content">
    <div class="greeting">
      <h1>${texts.hello(text(user.split(' ')[0] ?? user))}</h1>
      <p>${texts.lead}</p>
    </div>
    <div class="columns">
      <div class="column">
        <intervault-slot placement="home" session-url="/session"></intervault-slot>
        <section aria-labelledby="documents">
          <h2 id="documents">${texts.documents}</h2>
          ${documents.length === 0 ? `<p class="note">${texts.noDocuments}</p>` : `<ul class="panel">${documents.map(documentRow).join('')}</ul>`}
        </section>
      </div>
      <aside class="column" aria-label="${texts.institutions}">
        <section class="panel padded" aria-labelledby="promises">
          <h2 id="promises">${texts.promises.title}</h2>
          <ul class="promises">${texts.promises.lines.map((line) => `<li>${line}</li>`).join('')}</ul>
          <button type="button" class="plain" data-view="learned">${texts.promises.learned}</button>
        </section>
        <section aria-labelledby="institutions">
          <h2 id="institutions">${texts.institutions}</h2>
          ${institutions.length === 0 ? `<p class="note">${texts.noInstitutions}</p>` : `<ul class="panel">${institutions.map(([id, institution]) => `<li class="institution">${text(institution)}<button type="button" class="plain" data-write="${text(id)}" data-name="${text(institution)}" aria-label="${text(texts.writeTo(institution))}">${texts.write}</button></li>`).join('')}</ul>`}
        </section>
      </aside>
    </div>
  </main>
  <footer><p class="foot">${texts.foot}</p></footer>
</body>
</html>
`;
}
