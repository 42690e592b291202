import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { type ApiClient, ApiError } from '../api-client/index.ts';
import { connectNode, type NodeOptions } from './connect.ts';
import { type CliContext, CliError, EXIT } from './context.ts';
import type { ReceivedDocument, SentDocument } from './document-shapes.ts';
import { formatBytes, withProgress } from './output.ts';

type GetOptions = NodeOptions & { output: string; force?: boolean };

type Found = { api: ApiClient; path: string; name: string; sha256: string; size: number };

/** Saves a content under a name of its own first: a download that breaks off leaves no half document. */
export async function getDocument(context: CliContext, id: string, options: GetOptions): Promise<void> {
  const { output } = options;
  if (existsSync(output) && options.force !== true) {
    throw new CliError('usage.output', `${output} is there already`, {
      hint: 'give another name, or --force',
      exitCode: EXIT.usage,
    });
  }
  const found = await find(context, id, options);
  const part = `${output}.part-${process.pid}`;
  const state = { bytes: 0 };
  try {
    const progress = () => `${formatBytes(state.bytes)} of ${formatBytes(found.size)}`;
    const sha256 = await withProgress(context, progress, save(found, part, state));
    if (sha256 !== found.sha256) {
      throw new CliError('document.damaged', 'the content is not what its digest says; nothing was saved', {
        hint: 'try again; if it stays so, the node or what lies between is at fault',
      });
    }
    await rename(part, output);
  } finally {
    await rm(part, { force: true });
  }
  if (options.json === true) {
    context.out(JSON.stringify({ id, file: output, size: state.bytes, sha256: found.sha256 }));
  } else {
    context.out(`${output}: ${found.name}, ${formatBytes(state.bytes)}, SHA-256 ${found.sha256}`);
  }
}

/** A document of either direction: an id says not which. */
async function find(context: CliContext, id: string, options: GetOptions): Promise<Found> {
  const name = encodeURIComponent(id);
  try {
    const { api } = await connectNode(context, options, ['getDocument', 'getDocumentContent']);
    const { file } = await api.get<SentDocument>(`/v1/documents/${name}`);
    if (file === undefined) throw erased();
    return { api, path: `/v1/documents/${name}/content`, ...file };
  } catch (error) {
    if (!(error instanceof ApiError && (error.status === 404 || error.status === 403))) throw error;
  }
  const { api } = await connectNode(context, options, ['getInboxDocument', 'getInboxContent']);
  const { content } = await api.get<ReceivedDocument>(`/v1/inbox/${name}`);
  if (content === undefined) throw erased();
  const sha256 = Buffer.from(content.sha256, 'base64url').toString('hex');
  return { api, path: `/v1/inbox/${name}/content`, name: content.name, size: content.size, sha256 };
}

function erased(): CliError {
  return new CliError('document.erased', 'the content of this document was erased');
}

async function save(found: Found, file: string, state: { bytes: number }): Promise<string> {
  const chunks = await found.api.download(found.path);
  const digest = createHash('sha256');
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600 });
  const closed = once(target, 'close');
  try {
    for await (const chunk of chunks) {
      digest.update(chunk);
      state.bytes += chunk.length;
      if (!target.write(chunk)) await once(target, 'drain');
    }
  } finally {
    target.end();
  }
  await closed;
  return digest.digest('hex');
}
