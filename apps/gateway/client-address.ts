import { type IncomingMessage } from 'node:http';
import { canonicalAddress, networkOf } from '@platform/identity';

/**
 * Where a request comes from: the socket, or, behind so many proxies of our own, what the outermost of them saw. Whatever a client writes into
 * `X-Forwarded-For` itself stands left of that and counts for nothing.
 */
export function clientAddress(request: Pick<IncomingMessage, 'headers' | 'socket'>, trustedProxies: number): string {
  const socket = request.socket.remoteAddress ?? '';
  const told = trustedProxies === 0 ? [] : [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  const hops = [...told.map((hop) => hop.trim()).filter((hop) => hop !== ''), socket];
  for (let at = Math.max(0, hops.length - 1 - trustedProxies); at < hops.length; at += 1) {
    try {
      return canonicalAddress(hops[at] ?? '');
    } catch {
      // No address: a proxy's mistake. The next hop in is one that is trusted to know.
    }
  }
  return socket;
}

/** By what limits count a client: one that has many addresses has them in one network. What is no address stands for itself. */
export function clientNetwork(address: string): string {
  try {
    return networkOf(address);
  } catch {
    return address;
  }
}
