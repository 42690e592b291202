import type { Party } from './setup.ts';

/** One customer as the vault that they look at knows them. */
export type VaultCustomer = {
  /** What to show now; to be shown counts once it is told. */
  feed(): Promise<FeedItem[]>;
  /** Looks: all that the vault hands out was displayed. Returns how many were new. */
  look(): Promise<number>;
  say(given: object): Promise<{ id: string; thread: string }>;
  thread(id: string): Promise<{ kind: string; handledBy?: string }[]>;
  mute(peer: string): Promise<void>;
  unmute(peer: string): Promise<void>;
};

export type FeedItem = { id: string; title: string; displayed: boolean; from: { organizationName: string } };

/** The vault's back end, for the customer of a link. */
export async function customerOf({ vault }: Party, link: string): Promise<VaultCustomer> {
  const { customerId } = await vault.get<{ customerId: string }>(`/v1/links/${link}`);
  const path = `/v1/customers/${customerId}`;
  const feed = async () => (await vault.get<{ items: FeedItem[] }>(`${path}/feed?limit=50`)).items;
  return {
    feed,
    async look() {
      const unseen = (await feed()).filter(({ displayed }) => !displayed);
      if (unseen.length === 0) return 0;
      const at = new Date().toISOString();
      const events = unseen.map(({ id: message }) => ({ message, kind: 'displayed', at }));
      const { recorded } = await vault.post<{ recorded: number }>(`${path}/engagement`, { events });
      return recorded;
    },
    say: (given) => vault.post(`${path}/replies`, given),
    async thread(id) {
      return (await vault.get<{ entries: { kind: string; handledBy?: string }[] }>(`${path}/threads/${id}`))
        .entries;
    },
    mute: (peer) => vault.post(`${path}/mute`, { peer }),
    unmute: (peer) => vault.post(`${path}/unmute`, { peer }),
  };
}
