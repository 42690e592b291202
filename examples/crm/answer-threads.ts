// A CRM: what customers ask in the vaults of other institutions, and the answers of advisers. Nothing but Node. README.md says
// how to run it.

/** What a customer said, as the node tells it. */
export type Word = {
  id: string;
  kind: 'reply' | 'ask_human' | 'callback';
  peer: string;
  link: string;
  thread: string;
  at: string;
  text?: string;
  language?: string;
};

export type Answer = { text: string; language: string; handledBy: 'human' | 'bot' };

export type Crm = {
  /** Who waits for a person, the longest first. */
  waiting(): Promise<Word[]>;
  /** Whose customer it is, by the institution's own number. */
  customerOf(word: Word): Promise<string | undefined>;
  /** Answers a customer; the same answer to the same word is sent once. */
  answer(word: Pick<Word, 'id'>, answer: Answer): Promise<string>;
};

export function createCrm({ node, token }: { node: string; token: string }): Crm {
  async function call<T>(method: string, path: string, json?: unknown, headers = {}): Promise<T> {
    const response = await fetch(node + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  return {
    async waiting() {
      const words: Word[] = [];
      let cursor = '';
      do {
        const page = await call<{ replies: Word[]; next: string | null }>(
          'GET',
          `/v1/replies?waiting=true&by=customer${cursor === '' ? '' : `&cursor=${cursor}`}`,
        );
        // A list has no texts: each is fetched, by somebody who may read it.
        for (const { id } of page.replies) words.push(await call<Word>('GET', `/v1/replies/${id}`));
        cursor = page.next ?? '';
      } while (cursor !== '');
      return words.reverse();
    },
    async customerOf({ link }) {
      const { customer } = await call<{ customer?: string }>('GET', `/v1/links/${link}`);
      return customer;
    },
    async answer({ id }, answer) {
      const key = { 'idempotency-key': `answer-${id}-${answer.handledBy}` };
      return (await call<{ id: string }>('POST', `/v1/replies/${id}/answers`, answer, key)).id;
    },
  };
}

if (import.meta.main) {
  const { CRM_NODE: node, CRM_TOKEN: token } = process.env;
  const [id, ...words] = process.argv.slice(2);
  if (node === undefined || token === undefined) {
    process.stderr.write('set CRM_NODE and CRM_TOKEN: see README.md\n');
    process.exit(2);
  }
  const crm = createCrm({ node, token });
  if (id === undefined) {
    for (const word of await crm.waiting()) {
      const customer = await crm.customerOf(word);
      process.stdout.write(`${word.id}  ${word.at}  ${customer ?? '?'}  ${word.kind}  ${word.text ?? ''}\n`);
    }
  } else {
    const sent = await crm.answer({ id }, { text: words.join(' '), language: 'fr', handledBy: 'human' });
    process.stdout.write(`sent as ${sent}\n`);
  }
}
