// The label of a FAT volume: eleven characters, in the boot sector and as a record of the root directory, which is where blkid looks.
import { MediabayError } from "../../../core/errors.ts";

/**
 * In lower case, as Nova writes it: blkid and `fsck.vfat -n` take it as it is, and some readers of config drives ask for exactly this,
 * while all that ask for `CONFIG-2` (what a formatter that folds case leaves of it) take this one, too.
 */
const configDriveLabel = "config-2";
const longestLabel = 11;
const legal = /^[\x20-\x7e]*$/;
const illegal = /["*+,./:;<=>?[\\\]|]/;

/** Padded; undefined for none. @throws MediabayError INVALID_REQUEST */
export const labelField = (label: string = configDriveLabel): string | undefined => {
  const text = label.trim();
  if (text.length > longestLabel || !legal.test(text) || illegal.test(text))
    throw new MediabayError(
      "INVALID_REQUEST",
      `A FAT volume cannot have the label ${JSON.stringify(label)}: it has at most ${longestLabel} characters of ASCII, none of " * + , . / : ; < = > ? [ \\ ] |.`,
    );
  return text === "" ? undefined : text.padEnd(longestLabel);
};

export const noLabel = "NO NAME".padEnd(longestLabel);
