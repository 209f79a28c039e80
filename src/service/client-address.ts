/** What clients are called that have no token: by where they come from. Pure. */
import { isIPv4, isIPv6 } from 'node:net';

/** By its first half an IPv6 network names a customer, who has 2^64 addresses in it. */
const GROUPS = 4;
const ALL_GROUPS = 8;
const IN_IPV6 = '::ffff:';

/**
 * An IPv4 address as it is, of IPv6 the network of its first 64 bits.
 * @param address as a proxy may say it, in any words: where it is none, `peer` counts
 */
export function clientAddress(address: string, peer: string): string {
  const [plain] = address.toLowerCase().split('%');
  const inside = plain.startsWith(IN_IPV6) ? plain.slice(IN_IPV6.length) : plain;
  if (isIPv4(inside)) return inside;
  if (!isIPv6(plain)) return address === peer ? 'unknown' : clientAddress(peer, peer);
  // What begins so is no network that a customer has, but this machine.
  if (plain.startsWith('::')) return plain;
  const [before, behind = ''] = plain.split('::');
  const groups = before.split(':');
  const missing = ALL_GROUPS - groups.length - behind.split(':').length;
  const all = [...groups, ...new Array(Math.max(0, missing)).fill('0'), ...behind.split(':')];
  const network = all.slice(0, GROUPS).map((group) => group.replace(/^0+(?=.)/, '') || '0');
  return `${network.join(':')}::/64`;
}
