import { CLOCK_SKEW_S } from '../protocol/time.ts';
import type { Announcer } from './announcer.ts';
import type { LinkChanges } from './changes.ts';
import type { LinkServiceDeps } from './deps.ts';
import { readOverdueOffers, removeEndedOffers } from './offer-store.ts';
import type { LinkOffers } from './offers.ts';
import { readOverdueCodes, readOverdueShown } from './redemption-store.ts';
import type { LinkRedemptions } from './redemptions.ts';
import { readEndedByPeer } from './store.ts';

const BATCH = 200;
/** An attempt that ended is kept this long, for whoever still asks what became of it. */
const ENDED_OFFERS_KEPT_MS = 86_400_000;
/** Past the token and the completion, with what both clocks may differ. */
const CODE_GRACE_MS = 5 * 60_000;

export type LinkSweeper = {
  /** Begins to look for what time alone ends. The timer keeps no process alive. */
  start(): void;
  /** Resolves once nothing of it runs any more. */
  stop(): Promise<void>;
  /** One round, whole. */
  sweep(): Promise<void>;
};

/** What time brings to links: each step is safe to run on several replicas at once. */
export function createLinkSweeper(
  deps: Pick<LinkServiceDeps, 'db' | 'options' | 'onError'> & {
    offers: LinkOffers;
    redemptions: LinkRedemptions;
    changes: LinkChanges;
    announcer: Announcer;
  },
): LinkSweeper {
  const { db, options, onError, offers, redemptions, changes, announcer } = deps;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  async function each(linkIds: readonly string[], work: (linkId: string) => Promise<void>): Promise<void> {
    for (const linkId of linkIds) await work(linkId).catch(onError);
  }

  async function sweep(): Promise<void> {
    const { completionTimeoutMs, deliveryWindowS } = options;
    const times = { expiryGraceMs: CLOCK_SKEW_S * 1000, completionTimeoutMs };
    await each(await readOverdueOffers(db, times, BATCH), offers.lapse);
    await each(await readOverdueShown(db, BATCH), redemptions.lapse);
    const codesAfterMs = completionTimeoutMs + CODE_GRACE_MS;
    await each(await readOverdueCodes(db, codesAfterMs, BATCH), redemptions.forgetCode);
    // A restoring said in time may still be on its way for as long as an exchange lives.
    await each(await readEndedByPeer(db, deliveryWindowS * 1000, BATCH), changes.follow);
    await removeEndedOffers(db, ENDED_OFFERS_KEPT_MS);
    announcer.announce();
    await announcer.idle();
  }

  function round(): void {
    if (running !== undefined) return;
    running = sweep()
      .catch(onError)
      .finally(() => {
        running = undefined;
      });
  }

  return {
    start() {
      timer ??= setInterval(round, options.sweepIntervalMs).unref();
      round();
    },
    async stop() {
      clearInterval(timer);
      timer = undefined;
      await running;
      await announcer.idle();
    },
    sweep,
  };
}
