// What an entry is called in each hierarchy, as Linux shows it (fs/isofs: namei.c, dir.c, joliet.c, rock.c), and which names are no names.
import { isUtf8 } from "node:buffer";
import { utf16be } from "./volume.ts";

/** Lower case, without version 1 and the dot before nothing. */
export const plainName = (identifier: Buffer): string =>
  identifier
    .toString("latin1")
    .replace(/\.?;1$|\.$/, "")
    .replaceAll(/[;/]/g, ".")
    .replaceAll(/[A-Z]+/g, (capitals) => capitals.toLowerCase());

export const jolietName = (identifier: Buffer): string => utf16be(identifier).replace(/;1$/, "").replace(/\.+$/, "");

/** Bytes that are no UTF-8 are taken for what they mostly are then. */
export const rockRidgeName = (name: Buffer): string => name.toString(isUtf8(name) ? "utf8" : "latin1");

/** POSIX's NAME_MAX; one that is longer could not be written again. */
const longestNameBytes = 255;

export const isName = (name: string): boolean =>
  !["", ".", ".."].includes(name) && !/[/\0]/.test(name) && Buffer.byteLength(name) <= longestNameBytes;
