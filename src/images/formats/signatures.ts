// What bytes are, by their magic and never by trial: gzip (RFC 1952), ISO 9660 (ECMA-119 §8.1), FAT boot sector, base64 text (RFC 4648 §4).
// Everything else gets a name for the person who gave it to us.
import { parseBootSector } from "../../configdrive/fat/read/volume.ts";

export type Content = "gzip" | "base64" | "iso9660" | "fat";

/** How much of the beginning decides: up to the end of `CD001` in sector 16. */
export const prefixBytes = 32_769 + 5;

const isBase64Text = (prefix: Buffer): boolean =>
  /^[\t\n\r ]*[A-Za-z0-9+/][A-Za-z0-9+/=\t\n\r ]*$/.test(prefix.toString("latin1"));

const hasIsoSignature = (prefix: Buffer): boolean => prefix.toString("latin1", 32_769, 32_774) === "CD001";

/** @param prefix the first `prefixBytes` bytes, or all where there are fewer */
export const recognise = (prefix: Buffer): Content | undefined => {
  if (prefix.length >= 2 && prefix.readUInt16BE(0) === 0x1f8b) return "gzip";
  // Before FAT: a hybrid ISO carries a boot sector too.
  if (hasIsoSignature(prefix)) return "iso9660";
  if (parseBootSector(prefix).fault === undefined) return "fat";
  return isBase64Text(prefix) ? "base64" : undefined;
};

interface Signature {
  readonly name: string;
  readonly offset: number;
  readonly magic: string;
}

const signature = (name: string, magic: string, offset = 0): Signature => ({ name, offset, magic });

/** In order: a name of a container before that of a mere boot sector. */
const foreign: readonly Signature[] = [
  signature("a qcow2 disk image", "QFI\xfb"),
  signature("a VMDK disk image", "KDMV"),
  signature("a VHDX disk image", "vhdxfile"),
  signature("a VHD disk image", "conectix"),
  signature("a tar archive", "ustar", 257),
  signature("a zip archive", "PK\x03\x04"),
  signature("an xz archive", "\xfd7zXZ\0"),
  signature("a bzip2 archive", "BZh"),
  signature("a zstd archive", "\x28\xb5\x2f\xfd"),
  signature("a 7z archive", "7z\xbc\xaf\x27\x1c"),
  signature("an lz4 archive", "\x04\x22\x4d\x18"),
  signature("a squashfs file system", "hsqs"),
  signature("a PDF document", "%PDF-"),
  signature("an ELF program", "\x7fELF"),
  signature("an NTFS volume", "NTFS    ", 3),
  signature("an exFAT volume", "EXFAT   ", 3),
  signature("a disk with a GUID partition table", "EFI PART", 512),
  signature("a UDF image without ISO 9660", "BEA01", 32_769),
  signature("a UDF image without ISO 9660", "NSR0", 32_769),
  signature("an ext2/3/4 file system", "\x53\xef", 1080),
];
const bootSector = signature("a disk with a boot sector (MBR) that is no FAT volume", "\x55\xaa", 510);

const describeText = (text: string): string | undefined => {
  const start = text.replace(/^\xef\xbb\xbf/, "").trimStart();
  if (/^<(!doctype html|html|head|body)\b/i.test(start)) return "an HTML page";
  if (start.startsWith("<?xml") || /^<[a-z][^>]*>/i.test(start)) return "an XML document";
  if (/^[{[]/.test(start)) return "a JSON document";
  if (start.startsWith("#cloud-config") || start.startsWith("#!")) return "a script or cloud-init user data";
  return undefined;
};

const isPlainText = (text: string): boolean => /^[\t\n\r\x20-\x7e\x80-\xff]+$/.test(text);

/** What unrecognised bytes look like: a noun with its article. Never repeats them. */
export const describe = (prefix: Buffer): string => {
  const text = prefix.toString("latin1");
  if (prefix.length === 0) return "empty";
  if (text.trim() === "") return "nothing but white space";
  const isSigned = ({ magic, offset }: Signature): boolean => text.startsWith(magic, offset);
  const known = foreign.find(isSigned)?.name ?? parseBootSector(prefix).foreign;
  if (known !== undefined) return known;
  if (isSigned(bootSector)) return bootSector.name;
  if (isPlainText(text.slice(0, 512))) return describeText(text.slice(0, 512)) ?? "plain text";
  return prefix.every((byte) => byte === 0) ? "nothing but zeros" : "of no known format";
};
