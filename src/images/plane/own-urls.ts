// Which URLs are of our image plane, whatever became of them: by their form, and by a host and port of ours.
import { networkInterfaces } from "node:os";
import { isWildcard, type ListenerAddress, type UrlSettings } from "./urls.ts";

const path = /^\/m\/[a-z0-9]{26}\/media\.(?:iso|img)$/;
const defaultPorts: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

const bare = (host: string): string => host.replace(/^\[(.*)\]$/, "$1").toLowerCase();

const machineAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address));

const hostsOf = ({ address }: ListenerAddress, fixed: string | undefined): readonly string[] => {
  if (fixed !== undefined) return [fixed];
  return isWildcard(address) ? machineAddresses() : [address];
};

export const isAlikeUrl = (url: string): boolean => {
  const parsed = URL.parse(url);
  return parsed !== null && /^https?:$/.test(parsed.protocol) && path.test(parsed.pathname) && parsed.search === "";
};

/** `imageHost`: of the machine's endpoint, where it names one. A gateway elsewhere has other hosts, another on this host other ports. */
export const isOwnUrl = (
  url: string,
  listeners: readonly ListenerAddress[],
  { publicHost, publicPort }: UrlSettings = {},
  imageHost?: string,
): boolean => {
  if (!isAlikeUrl(url)) return false;
  const { protocol, hostname, port: given } = new URL(url);
  const port = given === "" ? defaultPorts[protocol] : Number(given);
  return listeners.some((listener) => {
    if (`${listener.scheme}:` !== protocol || (publicPort ?? listener.port) !== port) return false;
    return hostsOf(listener, imageHost ?? publicHost).some((host) => bare(host) === bare(hostname));
  });
};
