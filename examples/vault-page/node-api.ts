// What the vault's back end asks its node for, with the institution's token. None of it ever reaches a browser as it is.

export type Link = {
  id: string;
  peer: { id: string; organizationName: string };
  customerId?: string;
  state: string;
};

export type InboxDocument = {
  id: string;
  /** The sender's id of it: what a message's action names. */
  exchange: string;
  peer: string;
  receivedAt: string;
  metadata?: { title?: string; issuedAt?: string };
};

export type NodeApi = ReturnType<typeof createNodeApi>;

export function createNodeApi(node: string, token: string) {
  async function call(method: string, path: string, json?: unknown): Promise<Response> {
    const response = await fetch(node + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(json !== undefined && { 'content-type': 'application/json' }),
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  return {
    /** The vault's own user, as the node knows them: the institution's reference never leaves the institution. */
    async links(reference: string): Promise<Link[]> {
      const response = await call('POST', '/v1/links/search', { customer: reference });
      return ((await response.json()) as { links: Link[] }).links;
    },
    async documents(customer: string): Promise<InboxDocument[]> {
      const response = await call('GET', `/v1/inbox?customer=${customer}&limit=6`);
      return ((await response.json()) as { documents: InboxDocument[] }).documents;
    },
    async openSession(customer: string, origin: string): Promise<{ token: string; expiresAt: string }> {
      const asked = { origins: [origin], minutes: 10 };
      const response = await call('POST', `/v1/customers/${customer}/sessions`, asked);
      return (await response.json()) as { token: string; expiresAt: string };
    },
    /** Its bytes, and the note that the customer opened it. Only what is theirs. */
    async openDocument(customer: string, id: string): Promise<Response | undefined> {
      const about = (await (await call('GET', `/v1/inbox/${id}`)).json()) as { customer?: string };
      if (about.customer !== customer) return undefined;
      const content = await call('GET', `/v1/inbox/${id}/content`);
      await call('POST', `/v1/inbox/${id}/opened`, { how: 'download' }).catch(() => undefined);
      return content;
    },
  };
}
