// A billing system's night run: every invoice of a folder goes to the vault where its customer wants it, once, however often
// this is started. Nothing but Node. README.md says how to run it.
import { createHash } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** A line of the folder's `invoices.json`: a file, and what the billing system knows of it. */
export type Invoice = {
  file: string;
  /** The billing system's own number of the customer. */
  customer: string;
  title: string;
  issuedAt: string;
  amount?: { value: string; currency: string };
  dueDate?: string;
};

export type Outcome = {
  file: string;
  customer: string;
  result: 'sent' | 'no_link' | 'refused';
  id?: string;
  code?: string;
};

type Problem = { code?: string; retryable?: boolean };

const TRIES = 5;

/** Pushes what a folder lists. A customer without a link gets no document: nothing flows without consent. */
export async function pushFolder(options: {
  node: string;
  token: string;
  folder: string;
  say?: (outcome: Outcome) => void;
}): Promise<Outcome[]> {
  const { node, token, folder, say = () => {} } = options;
  const authorization = `Bearer ${token}`;
  const listed = JSON.parse(await readFile(path.join(folder, 'invoices.json'), 'utf8')) as Invoice[];
  const files = new Set(await readdir(folder));

  async function findLink(customer: string): Promise<string | undefined> {
    const response = await fetch(`${node}/v1/links/search`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ customer }),
    });
    if (!response.ok) throw new Error(`the node answers ${response.status}: ${await response.text()}`);
    const { links } = (await response.json()) as { links: { id: string; state: string }[] };
    return links.find(({ state }) => state === 'active')?.id;
  }

  async function push(link: string, { file, customer: _customer, ...known }: Invoice): Promise<Response> {
    const source = path.join(folder, file);
    const metadata = { link, type: 'billing.invoice', language: 'fr', ...known };
    // The same file for the same link is the same submission, tonight and if tonight's run is started again.
    const key = createHash('sha256').update(`${link} ${file}`).digest('hex');
    for (let tries = 1; ; tries++) {
      const form = new FormData();
      form.append('metadata', new Blob([JSON.stringify(metadata)], { type: 'application/json' }));
      form.append('file', await openAsBlob(source, { type: 'application/pdf' }), file);
      const headers = { authorization, 'idempotency-key': key };
      const response = await fetch(`${node}/v1/documents`, { method: 'POST', headers, body: form });
      if (response.status < 429 || tries === TRIES) return response;
      const wait = Number(response.headers.get('retry-after') ?? 2 ** tries);
      await response.body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    }
  }

  const outcomes: Outcome[] = [];
  for (const invoice of listed) {
    const { file, customer } = invoice;
    if (!files.has(file) || path.basename(file) !== file) throw new Error(`${file} is not in ${folder}`);
    const link = await findLink(customer);
    const answer = link === undefined ? undefined : await push(link, invoice);
    const body = answer === undefined ? {} : ((await answer.json()) as Problem & { id?: string });
    const result = answer === undefined ? 'no_link' : answer.ok ? 'sent' : 'refused';
    const outcome: Outcome = {
      ...{ file, customer, result },
      ...(body.id !== undefined && { id: body.id }),
      ...(body.code !== undefined && { code: body.code }),
    };
    outcomes.push(outcome);
    say(outcome);
  }
  return outcomes;
}

if (import.meta.main) {
  const { BILLING_NODE: node, BILLING_TOKEN: token } = process.env;
  const [folder] = process.argv.slice(2);
  if (node === undefined || token === undefined || folder === undefined) {
    process.stderr.write('set BILLING_NODE and BILLING_TOKEN, and name a folder: see README.md\n');
    process.exit(2);
  }
  const say = ({ file, customer, result, id, code }: Outcome) =>
    process.stdout.write(`${[result.padEnd(8), customer, file, id ?? code ?? ''].join('  ').trimEnd()}\n`);
  const outcomes = await pushFolder({ node, token, folder, say });
  process.exitCode = outcomes.some(({ result }) => result === 'refused') ? 1 : 0;
}
