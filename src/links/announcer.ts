import { type Database, readNow, type Tx } from '../db/index.ts';
import { saltedManifest } from '../exchange/index.ts';
import type { LinkHalfBody } from '../protocol/link-half.ts';
import {
  announceLater,
  insertAnnouncement,
  readDueAnnouncements,
  takeDueAnnouncement,
} from './announcement-store.ts';
import type { LinkServiceDeps } from './deps.ts';
import { lockCustomers, readCustomers, readLinks, type StoredHalf } from './store.ts';

const BATCH = 100;
/** A peer that was revoked is told nothing; should it come back, it is told within this time. */
const REVOKED_PEER_WAIT_MS = 6 * 3_600_000;

export type Announcer = {
  /** Starts telling what is due; what it meets goes to `onError`. */
  announce(): void;
  /** Resolves once nothing is being told. */
  idle(): Promise<void>;
};

/**
 * Tells peers what this side says of links. A change only marks the half as due, in its own transaction; here the
 * then-current half becomes an exchange. So a change and its telling are never apart, several quick changes are told
 * once, and what came to nothing is told again in the same way.
 */
export function createAnnouncer(
  deps: Pick<LinkServiceDeps, 'registry' | 'exchange' | 'onError' | 'options'> & { db: Database },
): Announcer {
  const { db, registry, options } = deps;
  let running: Promise<void> | undefined;
  let again = false;

  async function tell(tx: Tx, linkId: string): Promise<void> {
    await lockCustomers(tx, await readCustomers(tx, [linkId]));
    if (!(await takeDueAnnouncement(tx, linkId))) return;
    const link = (await readLinks(tx.client, [linkId])).get(linkId);
    const half = link?.self;
    if (link === undefined || half === undefined || half.rev <= (half.acknowledgedRev ?? 0)) return;
    const state = registry.peer(link.peer)?.state;
    if (state !== 'active' && state !== 'suspended') {
      const wait = { baseMs: REVOKED_PEER_WAIT_MS, capMs: REVOKED_PEER_WAIT_MS };
      await announceLater(tx, { linkId, rev: half.rev }, wait);
      return;
    }
    const at = await readNow(tx);
    const said = {
      aud: link.peer,
      act: 'link.half',
      sub: link.id,
      manifest: saltedManifest(bodyOf(half)),
      submitted: false,
      windowS: options.deliveryWindowS,
    };
    const [jti] = await deps.exchange().outbound.say(tx, [said], at);
    await insertAnnouncement(tx, { jti: jti as string, linkId, rev: half.rev, at });
  }

  async function announceDue(): Promise<void> {
    for (;;) {
      const due = await readDueAnnouncements(db, BATCH);
      let failed = 0;
      for (const linkId of due) {
        await db
          .transact((tx) => tell(tx, linkId))
          .catch((error) => {
            failed++;
            deps.onError(error);
          });
      }
      // What failed is still due: leave it for the next round.
      if (failed > 0 || due.length < BATCH) return;
    }
  }

  function announce(): void {
    if (running !== undefined) {
      again = true;
      return;
    }
    again = false;
    running = announceDue()
      .catch(deps.onError)
      .finally(() => {
        running = undefined;
        if (again) announce();
      });
  }

  return {
    announce,
    async idle() {
      while (running !== undefined) await running;
    },
  };
}

function bodyOf(half: StoredHalf): LinkHalfBody {
  const { rev, state, scopes, consent, restorableUntil } = half;
  if (state === 'revoked') {
    return {
      rev,
      state,
      scopes,
      ...(restorableUntil !== null && { restorableUntil: restorableUntil.toISOString() }),
    };
  }
  if (consent === null) throw new Error('a half that grants something without a consent');
  return { rev, state, scopes, consent };
}
