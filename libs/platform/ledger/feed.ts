import { type Queryable } from '@base/database';

/** Where a reader of the feed stands; start from {@link FEED_START} and keep it with what you made of the transfers. */
export interface FeedCursor {
  readonly xid: string;
  readonly id: string;
}

export const FEED_START: FeedCursor = { xid: '0', id: '00000000-0000-0000-0000-000000000000' };

export interface FeedItem extends FeedCursor {
  readonly kind: string;
  readonly group: string | null;
  readonly reverses: string | null;
  readonly postedAt: Date;
}

/**
 * The transfers after `cursor`, without a gap: only those of transactions that no running one can still come before. A sequence could not
 * promise that, since its numbers are taken before the commit. A long transaction anywhere in the cluster delays the feed.
 */
export function readFeed(on: Queryable, cursor: FeedCursor, limit = 500): Promise<FeedItem[]> {
  return on.query<FeedItem>(
    `SELECT xid::text, id, kind, group_id AS "group", reverses, posted_at AS "postedAt"
       FROM ledger.transfers
      WHERE (xid, id) > ($1::xid8, $2::uuid) AND xid < pg_snapshot_xmin(pg_current_snapshot())
      ORDER BY transfers.xid, id LIMIT $3`,
    [cursor.xid, cursor.id, limit],
  );
}
