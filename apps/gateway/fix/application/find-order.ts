import { type ViewedOrder } from '@core/venue-view';
import { type Conversation } from './conversation.js';

/**
 * The order that a request means: by the venue's number when it gives one, else by the ClOrdID that it has or ever had in this session.
 * Orders of other accounts are unknown.
 */
export async function findOrder(
  { feed, history, ids, names, trader, compId }: Conversation,
  by: { readonly orderId?: string | undefined; readonly id?: string | undefined },
): Promise<ViewedOrder | undefined> {
  const { account } = trader;
  const { orderId, id } = by;
  if (orderId !== undefined && /^\d{1,18}$/.test(orderId)) {
    const order = await byNumber(BigInt(orderId));
    if (order !== undefined) return order;
  }
  if (id === undefined) return undefined;
  const open = names.orderOf(id);
  if (open !== undefined) return byNumber(open);
  const order = feed.orderByClientText(account, id) ?? (await history.orderByClientText(account, id));
  if (order !== undefined) return order;
  const use = await ids.find(compId, id);
  return use === undefined || use.orderId === null ? undefined : byNumber(use.orderId);

  async function byNumber(number: bigint): Promise<ViewedOrder | undefined> {
    const known = feed.order(number) ?? (await history.order(account, number));
    return known?.account === account ? known : undefined;
  }
}
