// Replaces what identifies somebody by something of the same length and the same kind: the same text always by the same, and no
// character by itself. Keyed, so that short texts such as serial numbers cannot be found again by trying them all.
import { createHmac } from "node:crypto";
import { isIPv4 } from "node:net";

export type Disguise = (text: string) => string;

const digits = "0123456789";
const letters = "abcdefghijklmnopqrstuvwxyz";
const hexDigits = "0123456789abcdef";

/** As UUIDs, MAC and IPv6 addresses are written. */
const hexadecimal = /^[0-9a-f:-]+$/iu;

/** Letters and digits alone, in lower case: what spellings of one thing have in common. */
export const canonical = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");

const isHexadecimal = (text: string): boolean => {
  const { length } = canonical(text);
  return (length === 12 || length === 16 || length === 32 || text.includes(":")) && hexadecimal.test(text);
};

/** Never the same character. Lower case. */
const other = (alphabet: string, character: string, byte: number): string => {
  const step = 1 + (byte % (alphabet.length - 1));
  return alphabet[(alphabet.indexOf(character) + step) % alphabet.length] ?? "x";
};

const alphabetOf = (lower: string, hex: boolean): string | undefined => {
  if (hex && hexDigits.includes(lower)) return hexDigits;
  if (digits.includes(lower)) return digits;
  return letters.includes(lower) ? letters : undefined;
};

/** Each octet by another with as many digits. */
const otherOctet = (octet: string, byte: number): string => {
  const [from, count] = ({ 1: [0, 10], 2: [10, 90], 3: [100, 100] } as const)[octet.length] ?? [0, 10];
  const value = from + (byte % count);
  return String(value === Number(octet) ? from + ((byte + 1) % count) : value);
};

export const createDisguise = (key: Uint8Array): Disguise => {
  const bytesFor = (text: string): ((index: number) => number) => {
    const blocks = new Map<number, Buffer>();
    return (index) => {
      const block = Math.floor(index / 64);
      const bytes = blocks.get(block) ?? createHmac("sha512", key).update(`${block} ${text}`).digest();
      blocks.set(block, bytes);
      return bytes[index % 64] ?? 0;
    };
  };
  return (text) => {
    const byteAt = bytesFor(canonical(text));
    if (isIPv4(text)) {
      return text
        .split(".")
        .map((octet, index) => otherOctet(octet, byteAt(index)))
        .join(".");
    }
    const hex = isHexadecimal(text);
    // A digit may become a letter there: it is written as the others are.
    const upper = hex && text === text.toUpperCase() && text !== text.toLowerCase();
    let index = 0;
    return text.replaceAll(/[\p{L}\p{N}]/gu, (character) => {
      const lower = character.toLowerCase();
      const alphabet = alphabetOf(lower, hex);
      const replaced = alphabet === undefined ? "x" : other(alphabet, lower, byteAt(index));
      index += 1;
      return upper || (!hex && character !== lower) ? replaced.toUpperCase() : replaced;
    });
  };
};
