// A config drive's documents as they may be shown: who sees an inspection learns which machine and network it is for, and no secret.
import { createHash } from "node:crypto";
import type { Json } from "../../core/driver.ts";
import { isSecretName, redactText } from "../../core/redact.ts";
import { isList, isObject } from "../canonical-json.ts";

const mask = "******";

/** Random seeds are secrets too: the machine's first keys come from them. */
const secretName =
  /(?:^|_)pass(?:_|$|word|wd|phrase|code)|password|passwd|secret|token|private_?key|credential|random_seed|user_?data/;

/** `adminPass`, `admin-pass` and `admin_pass` are one name. */
const isSecret = (name: string): boolean =>
  isSecretName(name) ||
  secretName.test(
    name
      .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
      .replaceAll(/[-. ]/g, "_")
      .toLowerCase(),
  );

const publicKey = /^\s*((?:ssh|ecdsa|sk)-[a-z0-9@.-]+)\s+([A-Za-z0-9+/=]{16,})/;

/** As `ssh-keygen -l` names it; the comment, often a person's address, is left out. */
const shownText = (text: string): string => {
  const [, type, base64] = publicKey.exec(text) ?? [];
  if (type !== undefined && base64 !== undefined) {
    const digest = createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64");
    return `${type} SHA256:${digest.replace(/=+$/, "")}`;
  }
  return text.includes("PRIVATE KEY-----") ? mask : redactText(text);
};

/** @param value nests no deeper than documents.ts lets pass */
export const masked = (value: Json): Json => {
  if (typeof value === "string") return shownText(value);
  if (isList(value)) return value.map(masked);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, isSecret(name) ? mask : masked(member)]),
  );
};
