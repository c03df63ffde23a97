// MAC addresses as people write them, and as cloud-init finds a card by them.
import type { Json } from "../../core/driver.ts";

/** With colons or with hyphens between, as a BMC may write it too; also the twenty bytes of InfiniBand. */
export const isMac = (mac: Json | undefined): mac is string =>
  typeof mac === "string" && /^[0-9a-f]{2}([:-])[0-9a-f]{2}(?:(?:\1[0-9a-f]{2}){4}|(?:\1[0-9a-f]{2}){18})$/i.test(mac);

/** @param link which has it, for people */
export const macWarnings = (link: string, mac: Json): readonly string[] => {
  if (!isMac(mac)) return [`${link} has a malformed MAC address: it is six bytes in hexadecimal with colons between.`];
  if (!mac.includes("-")) return [];
  return [`${link} has a MAC address with hyphens: cloud-init knows it with colons only and would not find the card.`];
};
