import type { ActHandler } from '../../exchange/index.ts';
import type { SlotEngagementBody } from '../../protocol/slot/engagement.ts';
import { storeReceivedMonths } from './month-store.ts';
import { storeReceivedEvents } from './received-store.ts';
import type { EngagementReporter } from './reporting.ts';

/**
 * `slot.engagement` at the guest. A host speaks only of what it was sent and of its own links: the rest is passed over, and
 * tells it nothing.
 */
export function createEngagementHandler(reporter: Pick<EngagementReporter, 'outdated'>): ActHandler {
  return {
    act: 'slot.engagement',
    content: 'none',
    link: 'none',
    // What is kept stands in rows that go with their link.
    keepsBody: false,
    outdated: reporter.outdated,
    async apply(tx, items) {
      const said = items.map((item) => ({ item, body: item.manifest.body as unknown as SlotEngagementBody }));
      await storeReceivedEvents(
        tx,
        said.flatMap(({ item: { iss: peer, decidedAt }, body }) =>
          'events' in body ? body.events.map((event) => ({ peer, event, receivedAt: decidedAt })) : [],
        ),
      );
      await storeReceivedMonths(
        tx,
        said.flatMap(({ item: { iss: peer, decidedAt: at }, body }) =>
          'months' in body ? body.months.map((month) => ({ ...month, peer, at })) : [],
        ),
      );
    },
  };
}
