import { type Database, insertRows, queryByIds, together } from '../../db/index.ts';
import { isUuid } from '../../protocol/ids.ts';
import { segmentCount } from '../../protocol/sealing.ts';
import type { BodyStore } from './body-store.ts';
import type { SealedBody } from './sealed-body.ts';

/** A statement is written best while it is small; see queryByRows. */
const BYTES_PER_INSERT = 128 * 1024;
const SEGMENTS_PER_INSERT = 1;

function bodiesPerInsert(bodies: readonly SealedBody[]): number {
  const largest = Math.max(
    1,
    ...bodies.map(({ manifest, content }) => manifest.length + (content?.length ?? 0)),
  );
  return Math.max(1, Math.floor(BYTES_PER_INSERT / largest));
}

/** Segments read at once: 512 KiB of content. */
const SEGMENTS_PER_COPY = 8;

const HEADERS = {
  name: 'body-headers',
  text: (ids: string) => `select id, kek_id, wrapped_key, manifest, manifest_size, content_size, content
    from bodies where id = any(${ids}) and state = 'kept'`,
};

/**
 * An upload counts only once it is accepted, and that commit is flushed with all that was written before it: waiting
 * for the disk at each append would make nothing safer. A server that died in between may have lost appends it had
 * answered, which is why {@link createPostgresBodyStore}'s `keep` counts them.
 */
const FLUSHED_LATER = { name: 'upload-flushed-later', text: 'set local synchronous_commit = off' };

const HEARTBEAT = {
  name: 'upload-heartbeat',
  text: `update bodies set heartbeat_at = now() where id = $1 and state = 'open'`,
};

const SEGMENTS = { table: 'body_segments', columns: ['body_id', 'segment', 'sealed'] };

function segmentRows(id: string, firstIndex: number, segments: readonly Buffer[]): unknown[][] {
  return segments.map((sealed, at) => [id, firstIndex + at, sealed]);
}

/** Bytes in PostgreSQL: one backup, and every replica sees them. */
export function createPostgresBodyStore(db: Database): BodyStore {
  return {
    async open({ id, contentSize }) {
      await db.transact((tx) =>
        tx.kysely
          .insertInto('bodies')
          .values({
            id,
            state: 'open',
            kek_id: null,
            wrapped_key: null,
            manifest: null,
            content: null,
            manifest_size: 0,
            content_size: contentSize,
          })
          .execute(),
      );
    },

    async append(id, firstIndex, segments) {
      await db.transact(async (tx) => {
        const [, alive] = await together([
          tx.client.query(FLUSHED_LATER),
          tx.client.query({ ...HEARTBEAT, values: [id] }),
          insertRows(tx, SEGMENTS, segmentRows(id, firstIndex, segments), SEGMENTS_PER_INSERT),
        ]);
        if (alive.rowCount !== 1) throw new Error('the upload was swept while it was running');
      });
    },

    async abandon(id) {
      await db.transact(async (tx) => {
        const gone = await tx.client.query(`delete from bodies where id = $1 and state = 'open'`, [id]);
        if (gone.rowCount === 1) await tx.client.query('delete from body_segments where body_id = $1', [id]);
      });
    },

    async keep(tx, bodies) {
      const fresh = bodies.filter((body) => !body.uploaded);
      await insertRows(
        tx,
        {
          table: 'bodies',
          columns: [
            'id',
            'state',
            'kek_id',
            'wrapped_key',
            'manifest',
            'content',
            'manifest_size',
            'content_size',
          ],
        },
        fresh.map((body) => [
          body.id,
          'kept',
          body.kekId,
          body.wrappedKey,
          body.manifest,
          body.content,
          body.manifestSize,
          body.contentSize,
        ]),
        bodiesPerInsert(fresh),
      );
      await insertRows(
        tx,
        SEGMENTS,
        fresh.flatMap((body) => segmentRows(body.id, 1, body.segments)),
        SEGMENTS_PER_INSERT,
      );
      // Uploads are large and rare beside the rest, so each is a statement of its own.
      for (const body of bodies) {
        if (!body.uploaded) continue;
        const kept = await tx.client.query(
          `update bodies set state = 'kept', kek_id = $2, wrapped_key = $3, manifest = $4, manifest_size = $5,
             content_size = $6
           where id = $1 and state = 'open' and $7 = (select count(*) from body_segments where body_id = $1)`,
          [
            body.id,
            body.kekId,
            body.wrappedKey,
            body.manifest,
            body.manifestSize,
            body.contentSize,
            segmentCount(body.contentSize ?? 0),
          ],
        );
        if (kept.rowCount !== 1)
          throw new Error('the upload was swept, or lost a part, before it was accepted');
      }
    },

    async headers(ids) {
      if (ids.length === 0) return new Map();
      const rows = await db.withClient((client) => queryByIds(client, HEADERS, ids));
      return new Map(
        rows.map((row) => [
          row.id,
          {
            id: row.id,
            kekId: row.kek_id,
            wrappedKey: row.wrapped_key,
            manifest: row.manifest,
            manifestSize: row.manifest_size,
            contentSize: row.content_size,
            content: row.content,
          },
        ]),
      );
    },

    async *segments(id, first, last) {
      if (!isUuid(id)) throw new RangeError('a body id is a lower-case UUID');
      for (let from = first; from <= last; from += SEGMENTS_PER_COPY) {
        const to = Math.min(last, from + SEGMENTS_PER_COPY - 1);
        const rows = await db.copyOut(
          `select sealed from body_segments
           where body_id = '${id}' and segment between ${from} and ${to} order by segment`,
        );
        if (rows.length !== to - from + 1) throw new Error('segments of a kept body are missing');
        for (const [sealed] of rows) yield sealed as Buffer;
      }
    },

    async erase(tx, ids) {
      if (ids.length === 0) return;
      await tx.client.query(
        `update bodies set state = 'erased', kek_id = null, wrapped_key = null, manifest = null, content = null
         where id = any($1::uuid[])`,
        [ids],
      );
      await tx.client.query('delete from body_segments where body_id = any($1::uuid[])', [ids]);
    },

    async sweep(olderThanMs) {
      return db.transact(async (tx) => {
        const { rows } = await tx.client.query(
          `delete from bodies where id in (
             select id from bodies where state = 'open' and heartbeat_at < now() - $1 * interval '1 millisecond'
             order by heartbeat_at limit 100 for update skip locked)
           returning id`,
          [olderThanMs],
        );
        if (rows.length > 0) {
          await tx.client.query('delete from body_segments where body_id = any($1::uuid[])', [
            rows.map((row) => row.id),
          ]);
        }
        return rows.length;
      });
    },
  };
}
