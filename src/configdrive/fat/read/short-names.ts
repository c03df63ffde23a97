// 8.3 names as Linux shows them (vfat, shortname=mixed): in upper case as they lie there, but for the parts that NT's two bits say are
// lower case; bytes over 0x7f by code page 437, which is Linux's default for FAT.

const codePage437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

const lowerBase = 0x08;
const lowerExtension = 0x10;
const escapedE5 = 0x05;

const decode = (bytes: Buffer): string => {
  let text = "";
  // mtools ends some names with zeros, and Linux stops there.
  const end = bytes.indexOf(0);
  for (const byte of bytes.subarray(0, end < 0 ? bytes.length : end))
    text += byte < 0x80 ? String.fromCharCode(byte) : (codePage437[byte - 0x80] ?? "");
  return text.replace(/ +$/, "");
};

/** @param at of the record. The byte 0x05 in front stands for 0xe5, which alone would say that the record is deleted. */
export const shortNameAt = (bytes: Buffer, at: number): string => {
  const raw = Buffer.from(bytes.subarray(at, at + 11));
  if (raw[0] === escapedE5) raw[0] = 0xe5;
  const flags = bytes[at + 12] ?? 0;
  const base = decode(raw.subarray(0, 8));
  const extension = decode(raw.subarray(8));
  const shownBase = (flags & lowerBase) === 0 ? base : base.toLowerCase();
  const shownExtension = (flags & lowerExtension) === 0 ? extension : extension.toLowerCase();
  return extension === "" ? shownBase : `${shownBase}.${shownExtension}`;
};
