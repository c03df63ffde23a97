// IP addresses and networks as numbers of 128 bits: IPv4 lives at ::ffff:0:0/96, so that both families compare alike.
// Spellings follow the WHATWG URL host parser (decimal, octal, hexadecimal and short IPv4), RFC 4291 and RFC 6052.
import { isIPv4 } from "node:net";

const mappedPrefix = 0xffffn << 32n;
const low32 = (value: bigint): bigint => value & 0xffffffffn;

const fromIPv4 = (text: string): bigint =>
  text.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n) | mappedPrefix;

const fromIPv6 = (text: string): bigint => {
  const [head = "", tail] = text.split("::");
  const groups = (part: string): readonly string[] => (part === "" ? [] : part.split(":"));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
};

/**
 * The address that a host's text spells, whatever the spelling: `127.0.0.1`, `2130706433`, `0177.1`, `0x7f.0.0.1`, `[::1]`,
 * `fe80::1%eth0` (the zone is dropped), a trailing dot. Undefined for a name.
 */
export const parseAddress = (host: string): bigint | undefined => {
  const bare = host.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/s, "");
  if (bare.includes(":")) {
    if (!/^[0-9a-f:.]+$/i.test(bare) || !URL.canParse(`http://[${bare}]/`)) return undefined;
    return fromIPv6(new URL(`http://[${bare}]/`).hostname.slice(1, -1));
  }
  if (!/^[0-9a-fx.]+$/i.test(bare) || !URL.canParse(`http://${bare}/`)) return undefined;
  const { hostname } = new URL(`http://${bare}/`);
  return isIPv4(hostname) ? fromIPv4(hostname) : undefined;
};

export interface Network {
  readonly first: bigint;
  /** Of 128 bits, also for IPv4. */
  readonly prefixBits: number;
}

/** `10.0.0.0/8`, `2001:db8::/32`, or one address. Undefined when it is neither. */
export const parseNetwork = (cidr: string): Network | undefined => {
  const [, text = "", bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(cidr.trim()) ?? [];
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  const width = text.includes(":") ? 128 : 32;
  const length = bits === undefined ? width : Number(bits);
  return length > width ? undefined : { first: address, prefixBits: 128 - width + length };
};

export const isIPv4Number = (address: bigint): boolean => address >> 32n === mappedPrefix >> 32n;

/** An IPv6 network never holds an IPv4 address: `::/0` says nothing about those. */
export const inNetwork = (address: bigint, { first, prefixBits }: Network): boolean => {
  if (isIPv4Number(address) !== isIPv4Number(first)) return false;
  const shift = BigInt(128 - prefixBits);
  return address >> shift === first >> shift;
};

interface Embedding {
  readonly network: Network;
  readonly ipv4: (value: bigint) => readonly bigint[];
}

const embedding = (cidr: string, ipv4: (value: bigint) => readonly bigint[]): Embedding => {
  const network = parseNetwork(cidr);
  if (network === undefined) throw new TypeError(`${cidr} is not a network`);
  return { network, ipv4 };
};

/** IPv6 forms that end at an IPv4 address. The mapped form needs no line: it is the same number. */
const embeddings: readonly Embedding[] = [
  // IPv4-compatible (RFC 4291 §2.5.5.1); :: and ::1 are addresses of their own.
  embedding("::/96", (value) => (value > 0xffffn ? [low32(value)] : [])),
  // IPv4-translated (RFC 2765).
  embedding("::ffff:0:0:0/96", (value) => [low32(value)]),
  // NAT64 (RFC 6052), and its local-use prefix (RFC 8215), which may embed at 48 or at 96 bits; the other place is then zero.
  embedding("64:ff9b::/96", (value) => [low32(value)]),
  embedding("64:ff9b:1::/48", (value) =>
    [low32(value), (((value >> 64n) & 0xffffn) << 16n) | ((value >> 40n) & 0xffffn)].filter((ipv4) => ipv4 !== 0n),
  ),
  // 6to4 (RFC 3056).
  embedding("2002::/16", (value) => [low32(value >> 80n)]),
  // Teredo (RFC 4380): the server, and the client with its bits turned over.
  embedding("2001::/32", (value) => [low32(value >> 64n), low32(value) ^ 0xffffffffn]),
];

/** The address itself and every IPv4 address that it carries inside. */
export const facesOf = (address: bigint): readonly bigint[] => [
  address,
  ...embeddings
    .filter(({ network }) => inNetwork(address, network))
    .flatMap(({ ipv4 }) => ipv4(address).map((value) => value | mappedPrefix)),
];
