import path from 'node:path';
import type { ApiClient } from '../api-client/index.ts';
import { connectNode, type NodeOptions } from './connect.ts';
import { type CliContext, CliError, EXIT } from './context.ts';
import type { SentDocument } from './document-shapes.ts';
import { tellDocument } from './document-text.ts';
import { asRunHere } from './invocation.ts';
import { readJsonFile, sizeOfFile } from './json-file.ts';
import { formatBytes, withProgress } from './output.ts';

type SendOptions = NodeOptions & {
  link: string;
  type: string;
  title?: string;
  issued?: string;
  language: string;
  metadata?: string;
  contentType?: string;
  idempotencyKey?: string;
  wait?: string | true;
};

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.pdf': 'application/pdf',
  '.xml': 'application/xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.txt': 'text/plain',
  '.json': 'application/json',
};

const METADATA_EXAMPLE = '{"amount": {"value": "12.50", "currency": "EUR"}, "dueDate": "2026-12-15"}';
const DEFAULT_WAIT_S = 60;
const POLL_MS = 300;
const OVER: ReadonlySet<string> = new Set(['rejected', 'failed', 'recalled']);
const UNDER_WAY: ReadonlySet<string> = new Set(['draft', 'submitted', 'sending']);

export async function sendDocument(context: CliContext, file: string, options: SendOptions): Promise<void> {
  const waitS = readWait(options.wait);
  const contentType = options.contentType ?? CONTENT_TYPES[path.extname(file).toLowerCase()];
  if (contentType === undefined) {
    throw new CliError('usage.content_type', `the name of ${file} does not tell what it is`, {
      hint: `give --content-type, one of ${[...new Set(Object.values(CONTENT_TYPES))].join(', ')}`,
      exitCode: EXIT.usage,
    });
  }
  const size = await sizeOfFile(file);
  const more = options.metadata === undefined ? {} : await readJsonFile(options.metadata, METADATA_EXAMPLE);
  const { api } = await connectNode(context, options, ['submitDocument', 'getDocument']);
  const submitted = await withProgress(
    context,
    `sending ${path.basename(file)} (${formatBytes(size)}) to the node`,
    api.submit<SentDocument>({
      metadata: {
        link: options.link,
        type: options.type,
        title: options.title ?? path.basename(file, path.extname(file)),
        issuedAt: options.issued ?? new Date().toISOString().slice(0, 10),
        language: options.language,
        ...more,
      },
      file: { path: file, name: path.basename(file), type: contentType },
      ...(options.idempotencyKey !== undefined && { idempotencyKey: options.idempotencyKey }),
    }),
  );
  if (waitS === undefined) {
    tellDocument(context, options, submitted);
    if (options.json !== true) context.err(asRunHere(`next: intervault document show ${submitted.id}`));
    return;
  }
  const waiting = untilAnswered(api, submitted.id, waitS);
  const document = await withProgress(context, `waiting for ${submitted.peer}`, waiting);
  tellDocument(context, options, document);
  if (UNDER_WAY.has(document.state)) {
    throw new CliError('document.unanswered', `${document.peer} has not answered within ${waitS} s`, {
      hint: `the node goes on trying; \`intervault document show ${document.id}\` tells how it goes`,
      answered: true,
    });
  }
  if (OVER.has(document.state)) {
    throw new CliError(document.code ?? 'document.not_delivered', `the document is ${document.state}`, {
      hint: `\`intervault document evidence ${document.id}\` shows who said so`,
      answered: true,
    });
  }
}

async function untilAnswered(api: ApiClient, id: string, waitS: number): Promise<SentDocument> {
  const until = Date.now() + waitS * 1000;
  for (;;) {
    const document = await api.get<SentDocument>(`/v1/documents/${id}`);
    if (!UNDER_WAY.has(document.state) || Date.now() > until) return document;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function readWait(wait: string | true | undefined): number | undefined {
  if (wait === undefined) return undefined;
  if (wait === true) return DEFAULT_WAIT_S;
  const seconds = Number(wait);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= 86_400) return seconds;
  throw new CliError('usage.wait', `${wait} is not a number of seconds`, {
    hint: 'from 1 to 86400',
    exitCode: EXIT.usage,
  });
}
