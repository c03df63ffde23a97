// How each kind of setting is read, from YAML's typed values or from the plain text of the environment and flags alike.
// A problem never repeats the value: somebody may have pasted a secret into the wrong key.
import { isIP, isIPv4 } from "node:net";
import { parseDurationMs, parseSizeBytes } from "../core/units.ts";

export type Reading<T> = { readonly value: T } | { readonly problem: string };

/** `kind` is the word for people, shown in the reference. */
export interface Reader<T> {
  readonly kind: string;
  read(value: unknown): Reading<T>;
}

const problem = (text: string): { readonly problem: string } => ({ problem: text });

const asText = (value: unknown): string | undefined =>
  typeof value === "string" ? value.trim() : typeof value === "number" ? String(value) : undefined;

export const path = (kind: "file" | "folder"): Reader<string> => ({
  kind: `path of a ${kind}`,
  read: (value) => {
    const given = asText(value);
    if (given === undefined || given === "") return problem(`must be the path of a ${kind}`);
    return given.startsWith("/") ? { value: given } : problem("must be an absolute path, beginning with `/`");
  },
});

const hostPattern = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

/** A name or an address without port, scheme or brackets. */
export const host: Reader<string> = {
  kind: "host name or address",
  read: (value) => {
    const given = asText(value);
    if (given !== undefined && (isIP(given) !== 0 || hostPattern.test(given))) return { value: given };
    return problem("must be a host name or an IP address, without scheme, port or brackets");
  },
};

export const environmentName: Reader<string> = {
  kind: "name of an environment variable",
  read: (value) => {
    const given = asText(value);
    return given !== undefined && /^[A-Z_][A-Z0-9_]{0,63}$/.test(given)
      ? { value: given }
      : problem("must be the name of an environment variable (capitals, digits, `_`), never the key itself");
  },
};

export const credentialName: Reader<string> = {
  kind: "name of a systemd credential",
  read: (value) => {
    const given = asText(value);
    return given !== undefined && /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/.test(given)
      ? { value: given }
      : problem("must be the name of a systemd credential, never the key itself");
  },
};

export const integer = (min: number, max: number, kind = "number"): Reader<number> => ({
  kind,
  read: (value) => {
    const given = asText(value);
    const parsed = given !== undefined && /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
    return parsed >= min && parsed <= max
      ? { value: parsed }
      : problem(`must be a whole number between ${min} and ${max}`);
  },
});

/** 0 lets the system choose. */
export const port = integer(0, 65_535, "port");

const quantity = (
  kind: string,
  examples: string,
  parse: (text: string) => number | undefined,
  min: number,
): Reader<number> => ({
  kind,
  read: (value) => {
    const given = asText(value);
    const parsed = given === undefined ? undefined : parse(given);
    if (parsed === undefined) return problem(`must be a ${kind} such as ${examples}`);
    return parsed >= min ? { value: parsed } : problem(`must be at least ${min}`);
  },
});

export const size = (minBytes = 1): Reader<number> => quantity("size", "`64MiB` or `16GiB`", parseSizeBytes, minBytes);

export const duration = (minMs = 1): Reader<number> =>
  quantity("duration", "`30s`, `10m` or `1h`", parseDurationMs, minMs);

const switches: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  "1": true,
  false: false,
  no: false,
  off: false,
  "0": false,
};

export const flag: Reader<boolean> = {
  kind: "true or false",
  read: (value) => {
    const given = typeof value === "boolean" ? value : switches[asText(value)?.toLowerCase() ?? ""];
    return given === undefined ? problem("must be true or false") : { value: given };
  },
};

export const choice = <const T extends readonly string[]>(...values: T): Reader<T[number]> => ({
  kind: values.map((value) => `\`${value}\``).join(", "),
  read: (value) => {
    const given = asText(value);
    const found = values.find((candidate) => candidate === given);
    return found === undefined ? problem(`must be one of ${values.join(", ")}`) : { value: found };
  },
});

/** YAML gives a list; the environment and flags give the same with commas between. */
export const list = <T>(item: Reader<T>): Reader<readonly T[]> => ({
  kind: `list of ${item.kind}`,
  read: (value) => {
    const single = asText(value);
    const given = Array.isArray(value)
      ? (value as readonly unknown[])
      : single
          ?.split(",")
          .map((entry) => entry.trim())
          .filter((entry) => entry !== "");
    if (given === undefined) return problem(`must be a list (each: ${item.kind})`);
    const values: T[] = [];
    for (const [index, entry] of given.entries()) {
      const reading = item.read(entry);
      if ("problem" in reading) return problem(`entry ${index + 1} ${reading.problem}`);
      values.push(reading.value);
    }
    return { value: values };
  },
});

/** Answers the network with its prefix written out: a bare address becomes `/32` or `/128`. */
export const network: Reader<string> = {
  kind: "network (CIDR)",
  read: (value) => {
    const [address = "", prefix, rest] = (asText(value) ?? "").split("/");
    const widest = isIP(address) === 0 ? -1 : isIPv4(address) ? 32 : 128;
    const bits = prefix === undefined ? widest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
    return rest === undefined && bits >= 0 && bits <= widest
      ? { value: `${address}/${bits}` }
      : problem("must be an address or a network such as `192.0.2.0/24` or `2001:db8::/32`");
  },
};
