import type { Direction } from '../protocol/report/relationship.ts';
import { type FigureRow, figureRows } from './figures.ts';
import type { RelationshipReport } from './service.ts';
import { type ReportLanguage, TEXTS } from './texts.ts';

/** The report as one page without anything to load, to be read, printed and kept. */
export function reportPage(report: RelationshipReport, language: ReportLanguage): string {
  const texts = TEXTS[language];
  const rows = Map.groupBy(figureRows(report), ({ section }) => section);
  const own = report.node.organizationName;
  const peer = report.peer.organizationName;
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(report.at);
  const section = (title: string, name: FigureRow['section'], chart = '') =>
    `<section><h2>${escapeHtml(title)}</h2>${chart}${table(rows.get(name) ?? [], language)}</section>`;
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(`${texts.title}: ${own}, ${peer}, ${report.from} – ${report.to}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escapeHtml(texts.title)}</h1>
<p>${escapeHtml(texts.between)} <strong>${escapeHtml(own)}</strong> ${escapeHtml(texts.and)} <strong>${escapeHtml(peer)}</strong></p>
<p>${escapeHtml(texts.period)} ${monthName(report.from, language)} – ${monthName(report.to, language)}, ${escapeHtml(texts.workedOut)} ${escapeHtml(day)}</p>
</header>
<main>
${section(texts.hosted(peer, own), 'hosted', chart(report.hosted, language))}
${section(texts.granted(peer, own), 'granted', chart(report.granted, language))}
${section(texts.reciprocity, 'reciprocity')}
${section(texts.universality, 'universality')}
</main>
<footer><p>${escapeHtml(texts.groups(report.groupSize))}</p></footer>
</body>
</html>
`;
}

function table(rows: readonly FigureRow[], language: ReportLanguage): string {
  const { figures, units, notTold } = TEXTS[language];
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const lines = rows.map(({ figure, unit, value }) => {
    const name = figures[figure as keyof typeof figures];
    const told =
      value === undefined ? `<em>${notTold}</em>` : escapeHtml(`${number.format(value)}${units[unit]}`);
    return `<tr><th scope="row">${escapeHtml(name)}</th><td>${told}</td></tr>`;
  });
  return `<table><tbody>${lines.join('')}</tbody></table>`;
}

const CHART = { height: 120, bar: 36, gap: 14, top: 18, bottom: 22 };

/** Bars of contacts by month, each with its number. */
function chart({ months }: Direction, language: ReportLanguage): string {
  const { height, bar, gap, top, bottom } = CHART;
  const number = new Intl.NumberFormat(language);
  const most = Math.max(1, ...months.map(({ contacts }) => contacts));
  const width = months.length * (bar + gap) + gap;
  const bars = months.map(({ month, contacts }, index) => {
    const x = gap + index * (bar + gap);
    const size = Math.round((contacts / most) * height);
    const y = top + height - size;
    const middle = x + bar / 2;
    return (
      `<rect x="${x}" y="${y}" width="${bar}" height="${size}" rx="2"/>` +
      `<text x="${middle}" y="${y - 5}">${number.format(contacts)}</text>` +
      `<text x="${middle}" y="${top + height + 15}" class="month">${month.slice(5)}</text>`
    );
  });
  const title = TEXTS[language].contactsByMonth;
  const told = months
    .map(({ month, contacts }) => `${monthName(month, language)}: ${number.format(contacts)}`)
    .join('; ');
  return (
    `<figure><svg role="img" aria-label="${escapeHtml(`${title}. ${told}`)}" viewBox="0 0 ${width} ${top + height + bottom}" ` +
    `width="${width}" height="${top + height + bottom}">${bars.join('')}</svg>` +
    `<figcaption>${escapeHtml(title)}</figcaption></figure>`
  );
}

function monthName(month: string, language: ReportLanguage): string {
  const format = new Intl.DateTimeFormat(language, { month: 'long', year: 'numeric', timeZone: 'UTC' });
  return escapeHtml(format.format(new Date(`${month}-01T00:00:00Z`)));
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const STYLE = `
:root { color-scheme: light; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --bar: #2f5d8a; }
body { margin: 0 auto; max-width: 46rem; padding: 2rem 1.5rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: #fff; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 0 0 .75rem; }
header { border-bottom: 2px solid var(--ink); margin-bottom: 1.5rem; } header p { margin: 0 0 .5rem; color: var(--soft); }
header strong { color: var(--ink); }
section { margin: 0 0 2rem; break-inside: avoid; }
figure { margin: 0 0 .75rem; } svg { max-width: 100%; height: auto; } rect { fill: var(--bar); }
svg text { font-size: 11px; text-anchor: middle; fill: var(--ink); } svg .month, figcaption { fill: var(--soft); color: var(--soft); }
figcaption { font-size: .85rem; }
table { width: 100%; border-collapse: collapse; } th { text-align: left; font-weight: normal; }
td { text-align: right; font-variant-numeric: tabular-nums; } th, td { padding: .3rem 0; border-bottom: 1px solid var(--line); }
td em, footer { color: var(--soft); } footer { font-size: .85rem; border-top: 1px solid var(--line); }
@media print { body { padding: 0; max-width: none; } }
`;
