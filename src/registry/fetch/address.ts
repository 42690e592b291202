import ipaddr from 'ipaddr.js';

export type AddressPolicy = {
  /** Admits loopback, private, shared and unique local addresses too, for a demo or inside one organisation. */
  allowPrivate: boolean;
};

const PRIVATE_RANGES: ReadonlySet<string> = new Set([
  'loopback',
  'private',
  'carrierGradeNat',
  'uniqueLocal',
]);
/** Global unicast, RFC 4291 section 2.4. What lies outside is unassigned or not for the Internet. */
const GLOBAL_UNICAST: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];
/** RFC 6052: the well-known prefix, which holds the IPv4 address in its last 32 bits. */
const NAT64: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('64:ff9b::'), 96];

/**
 * Whether this node may connect to an address that a peer's name led to. Everything but global unicast is refused;
 * addresses that carry an IPv4 address inside are judged by that one (mapped, NAT64) or refused (6to4, Teredo).
 * Link-local (cloud metadata), multicast and unspecified addresses are refused under any policy.
 */
export function isAllowedAddress(text: string, policy: AddressPolicy): boolean {
  if (!ipaddr.isValid(text) || text.includes('%')) return false;
  // In hex: the library takes the old form ::127.0.0.1, which no system maps to IPv4, for ::ffff:127.0.0.1.
  const hex = text.includes(':') ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text;
  const address = unwrap(ipaddr.parse(hex));
  const range: string = address.range();
  if (policy.allowPrivate && PRIVATE_RANGES.has(range)) return true;
  if (range !== 'unicast') return false;
  return address.kind() === 'ipv4' || address.match(GLOBAL_UNICAST);
}

function unwrap(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (address instanceof ipaddr.IPv4) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  if (address.match(NAT64)) return new ipaddr.IPv4(address.toByteArray().slice(12));
  return address;
}
