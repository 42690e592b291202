import type { NodeOptions } from './connect.ts';
import type { CliContext } from './context.ts';
import type { SentDocument } from './document-shapes.ts';
import { formatAge, formatBytes, formatTimeAndAge, renderFields } from './output.ts';

/** How a delivery goes: "3 tries, peer.timeout, next in 2 min". */
export function deliveryText({ delivery }: SentDocument, nowMs: number): string | undefined {
  if (delivery === undefined) return undefined;
  const { attempts, task, nextAttemptAt, lastCode } = delivery;
  const tries = attempts === 1 ? '1 try' : `${attempts} tries`;
  return [
    task === 'close' ? `closing, ${tries}` : tries,
    lastCode !== undefined && lastCode,
    nextAttemptAt !== undefined && `next ${formatAge(nextAttemptAt, nowMs)}`,
  ]
    .filter((text) => text !== false)
    .join(', ');
}

export function tellDocument(context: CliContext, options: NodeOptions, document: SentDocument): void {
  if (options.json === true) {
    context.out(JSON.stringify(document));
    return;
  }
  const nowMs = Date.now();
  const { file, metadata } = document;
  context.out(
    renderFields([
      ['document', document.id],
      ['state', document.code === undefined ? document.state : `${document.state}: ${document.code}`],
      ['title', metadata?.title],
      ['type', document.type],
      ['to', document.peer],
      ['link', document.link],
      ['file', file && `${file.name} (${formatBytes(file.size)})`],
      ['SHA-256', file?.sha256],
      ['submitted', formatTimeAndAge(document.submittedAt ?? document.createdAt, nowMs)],
      ['submitted by', document.submittedBy],
      ['changed', formatTimeAndAge(document.changedAt, nowMs)],
      ['delivery', deliveryText(document, nowMs)],
      ['last try', formatTimeAndAge(document.delivery?.lastAttemptAt, nowMs)],
      ['tried until', document.delivery && formatTimeAndAge(document.expiresAt, nowMs)],
    ]),
  );
}
