import type { Database } from '../db/index.ts';
import { isUuid } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import { isTimeZone } from '../protocol/slot/quiet-hours.ts';
import {
  type ContactWishes,
  lockContacts,
  type Mute,
  readMutes,
  readWishes,
  writeMute,
  writeWishes,
} from './contact-store.ts';

/** How a customer wants to be contacted in this vault, as its front end sets it. */
export type CustomerContact = {
  /** @throws Refusal `customer.not_found` */
  requireKnown(customer: string): Promise<ContactWishes>;
  /** @throws Refusal `customer.not_found` */
  show(customer: string): Promise<ContactWishes & { mutes: Mute[] }>;
  /** All of it at once; what is left out is wished no more. @throws Refusal `customer.not_found`, `contact.input` */
  set(customer: string, wishes: ContactWishes): Promise<void>;
  /** `until` undefined ends the mute, null mutes for good. @throws Refusal `customer.not_found`, `contact.input` */
  mute(customer: string, peer: string, until: Date | null | undefined): Promise<void>;
};

export function createCustomerContact(deps: { db: Database; isPeer(id: string): boolean }): CustomerContact {
  const { db } = deps;

  async function requireKnown(customer: string): Promise<ContactWishes> {
    const wishes = isUuid(customer)
      ? await db.withClient((client) => readWishes(client, customer))
      : undefined;
    if (wishes === undefined) throw new Refusal('customer.not_found');
    return wishes;
  }

  return {
    requireKnown,
    async show(customer) {
      const wishes = await requireKnown(customer);
      const mutes = await db.withClient((client) => readMutes(client, [customer]));
      return { ...wishes, mutes: mutes.get(customer) ?? [] };
    },
    async set(customer, wishes) {
      await requireKnown(customer);
      const { zone, quiet } = wishes;
      if (zone !== undefined && !isTimeZone(zone)) throw new Refusal('contact.input', { pointer: '/zone' });
      if (quiet !== undefined && !isTimeZone(quiet.zone))
        throw new Refusal('contact.input', { pointer: '/quiet/zone' });
      if (quiet !== undefined && quiet.from === quiet.to)
        throw new Refusal('contact.input', { pointer: '/quiet/to' });
      await db.transact(async (tx) => {
        await lockContacts(tx, [customer]);
        await writeWishes(tx, customer, wishes);
      });
    },
    async mute(customer, peer, until) {
      await requireKnown(customer);
      if (!deps.isPeer(peer)) throw new Refusal('contact.input', { pointer: '/peer' });
      await db.transact(async (tx) => {
        await lockContacts(tx, [customer]);
        await writeMute(tx, customer, { peer, until });
      });
    },
  };
}
