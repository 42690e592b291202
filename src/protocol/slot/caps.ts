import type { Cap, ContactCategory, SlotGrant } from '../agreement/terms.ts';
import type { QuietHours } from './quiet-hours.ts';
import type { RollingLimit } from './windows.ts';

/** A message a guest placed, or a display of one, as caps count them. */
export type Contact = { slot: string; category: ContactCategory; atMs: number };

/** What caps ask of a message. */
export type Capped = Pick<Contact, 'slot' | 'category'>;

export type CountedCap = {
  cap: RollingLimit;
  /** When those of a guest's contacts were that it counts, in their order. */
  times(contacts: readonly Contact[]): number[];
};

/** Where an agreement gives no cap for service messages, they have this one. Calm never stops them. */
const SERVICE_CEILING: RollingLimit = { max: 10, per: 1, unit: 'day' };

const isService = ({ category }: Pick<Contact, 'category'>) => category === 'service';

/** The caps a message is held against. Service messages have those of their own category only, and always one. */
export function capsFor(grant: SlotGrant, message: Capped, counts: Cap['counts']): CountedCap[] {
  const timesWhere = (counted: (contact: Contact) => boolean) => (contacts: readonly Contact[]) =>
    contacts.filter(counted).map(({ atMs }) => atMs);
  const caps = grant.caps
    .filter((cap) => cap.counts === counts && (!isService(message) || cap.scope === 'category'))
    .map((cap): CountedCap => ({ cap, times: timesWhere(countedBy(cap.scope, message)) }));
  const bare = isService(message) && counts === 'placed' && caps.length === 0;
  return bare ? [{ cap: SERVICE_CEILING, times: timesWhere(isService) }] : caps;
}

function countedBy(scope: Cap['scope'], message: Capped): (contact: Contact) => boolean {
  switch (scope) {
    case 'category':
      return ({ slot, category }) => slot === message.slot && category === message.category;
    case 'slot':
      return (contact) => contact.slot === message.slot && !isService(contact);
    case 'guest':
      return (contact) => !isService(contact);
  }
}

/** Quiet hours of the slot, in the customer's zone where it is known, and the customer's own. */
export function quietHoursOf(
  { quietHours }: Pick<SlotGrant, 'quietHours'>,
  customer: { quiet: QuietHours | undefined; zone: string | undefined },
): QuietHours[] {
  return [
    ...(quietHours === undefined ? [] : [{ ...quietHours, zone: customer.zone ?? quietHours.zone }]),
    ...(customer.quiet === undefined ? [] : [customer.quiet]),
  ];
}
