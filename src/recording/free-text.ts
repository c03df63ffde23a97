// Disguises what somebody wrote, but for the words that every BMC uses: names of slots are all there is to tell a disc from a stick.
import type { Disguise } from "./disguise.ts";

const common = new Set(
  `a an and at by for in of on or the to with
  bmc baseboard board boot cd cdrom dvd collection compute computer configuration console controller description device disk drive external
  fdd floppy hard hdd host http https image instance integrated internal manager management mapped media memory network node optical physical
  power processor protocol redfish remote removable restful rom root server service session settings slot stick storage system systems task
  update usb v virtual vkvm`.split(/\s+/u),
);

/** A disguise must not look like a kind of medium. */
const media = /cd|dvd|usb|fd|hd|floppy|optical|stick|removable/iu;

/** As words are written alone or run together: `vDVD`, `USBStick`, `VirtualMedia`. */
const parts = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\p{N}+|\p{L}/gu;

export const disguiseFreeText = (text: string, disguise: Disguise): string =>
  text.replaceAll(parts, (part) => {
    if (common.has(part.toLowerCase())) return part;
    const other = disguise(part);
    return media.test(other) ? "x".repeat(part.length) : other;
  });
