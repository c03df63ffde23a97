// Every setting in one schema: its default, its meaning, and how it is read. The reference for people is rendered from it.
import { z } from "zod";
import { destructiveSteps } from "../core/vocabulary.ts";
import {
  choice,
  credentialName,
  duration,
  environmentName,
  flag,
  host,
  integer,
  list,
  network,
  path,
  port,
  type Reader,
  size,
} from "./readers.ts";

const reading = <T>(reader: Reader<T>) =>
  z.unknown().transform((value, context): T => {
    const result = reader.read(value);
    if ("value" in result) return result.value;
    context.addIssue({ code: "custom", message: result.problem });
    return z.NEVER;
  });

/** `fallback` is written as a person would write it in the file. */
const setting = <T>(
  reader: Reader<T>,
  fallback: string | number | boolean | readonly string[],
  description: string,
  shown = Array.isArray(fallback) ? fallback.join(", ") || "none" : String(fallback),
) => reading(reader).prefault(fallback).describe(description).meta({ kind: reader.kind, fallback: shown });

const optional = <T>(reader: Reader<T>, description: string, shown = "none") =>
  reading(reader).optional().describe(description).meta({ kind: reader.kind, fallback: shown });

/** An optional path: its file must be readable when the settings are loaded. */
const readableFile = (description: string) =>
  optional(path("file"), description).meta({ mustBeReadable: true, kind: "path of a file", fallback: "none" });

const control = z
  .strictObject({
    host: setting(host, "127.0.0.1", "Where the control plane (REST, docs, metrics) listens."),
    port: setting(port, 8480, "Its port; 0 lets the system choose."),
    tls: z
      .strictObject({
        cert: readableFile("PEM certificate chain of the control plane; with it, the control plane speaks https only."),
        key: readableFile("PEM private key of that certificate."),
      })
      .prefault({}),
  })
  .prefault({});

const imagePlane = z
  .strictObject({
    http: z
      .strictObject({
        enabled: setting(flag, true, "Offer images over http, which is what most BMCs read best."),
        host: setting(host, "0.0.0.0", "Where the image plane's http listener listens."),
        port: setting(port, 8481, "Its port; 0 lets the system choose."),
      })
      .prefault({}),
    https: z
      .strictObject({
        enabled: setting(flag, false, "Offer images over https as well, for BMCs that insist on it."),
        host: setting(host, "0.0.0.0", "Where the image plane's https listener listens."),
        port: setting(port, 8482, "Its port; 0 lets the system choose."),
        cert: readableFile(
          "PEM certificate chain. Without it a CA is generated in the state directory; `mediabay image ca` exports it.",
        ),
        key: readableFile("PEM private key of that certificate."),
        level: setting(
          choice("modern", "legacy"),
          "modern",
          "`legacy` also allows TLS 1.0 and old ciphers, for old firmware.",
        ),
      })
      .prefault({}),
    publicHost: optional(host, "Host in the URLs given to BMCs.", "the local address from which each BMC is reached"),
    publicPort: optional(
      integer(1, 65_535, "port"),
      "Port in the URLs given to BMCs, behind a port forwarding.",
      "the listener's port",
    ),
    addressPolicy: setting(
      choice("off", "log", "enforce"),
      "log",
      "What to do when an address other than the machine's BMC reads its image: nothing, log it, or answer 404.",
    ),
    proxies: setting(
      list(network),
      [],
      "Reverse proxies in front of the image plane whose `X-Forwarded-For` is believed.",
    ),
    limits: z
      .strictObject({
        connections: setting(integer(1, 65_535), 1024, "Connections of the image plane open at once."),
        connectionsPerAddress: setting(
          integer(1, 65_535),
          64,
          "Of these, from one address, `imagePlane.proxies` excepted: one more takes the place of the longest idle one there.",
        ),
        idleMs: setting(duration(1000), "60s", "A reader that takes no byte for this long is cut off."),
      })
      .prefault({}),
  })
  .prefault({});

const images = z
  .strictObject({
    limits: z
      .strictObject({
        configdriveBytes: setting(size(), "64MiB", "Largest config drive, counted after decompression."),
        bootBytes: setting(size(), "16GiB", "Largest boot image, counted after decompression."),
      })
      .prefault({}),
    maxBytes: setting(
      size(),
      "64GiB",
      "Size of the image store; the images least recently used leave first, a published one never.",
    ),
    fileRoots: setting(list(path("folder")), [], "Folders from which `file://` sources may be read."),
  })
  .prefault({});

const sources = z
  .strictObject({
    allow: setting(
      list(network),
      [],
      "Networks that image sources may be on although they are loopback, link-local, or metadata addresses.",
    ),
    allowOwn: setting(flag, false, "Allow image sources on the gateway's own listeners."),
  })
  .prefault({});

const operations = z
  .strictObject({
    concurrency: setting(integer(1, 10_000), 64, "Machines that are worked on at once; one operation per machine."),
    deadlineMs: setting(duration(1000), "10m", "Deadline of an operation that names none, from its acceptance."),
  })
  .prefault({});

const policy = z
  .strictObject({
    destructive: setting(
      list(choice(...destructiveSteps)),
      [],
      "What a BMC's profile may resort to: `bmcReset` resets a BMC that hangs, `scpReboot` reboots the host for a boot setting.",
    ),
  })
  .prefault({});

const keys = z
  .strictObject({
    file: optional(
      path("file"),
      "File with the key that seals credentials, 32 bytes in base64 or hexadecimal; made at the first start.",
      "a file in the state directory",
    ),
    env: optional(environmentName, "Name of the environment variable that holds that key."),
    credential: optional(credentialName, "Name of the systemd credential that holds that key (`LoadCredential=`)."),
  })
  .prefault({});

export const settingsSchema = z.strictObject({
  stateDir: setting(
    path("folder"),
    "/var/lib/mediabay",
    "Everything that lasts: database, images, keys, admin token. One process at a time.",
    "/var/lib/mediabay for root, else ~/.local/state/mediabay",
  ),
  control,
  imagePlane,
  images,
  sources,
  operations,
  policy,
  log: z
    .strictObject({
      level: setting(
        choice("debug", "info", "warn", "error", "silent"),
        "info",
        "Least level that is logged; `debug` shows each exchange with a BMC.",
      ),
    })
    .prefault({}),
  metrics: z.strictObject({ public: setting(flag, false, "Answer `/metrics` without a token.") }).prefault({}),
  keys,
  profilesDir: optional(path("folder"), "Folder with BMC profiles of your own, read beside the built-in ones."),
});

export type Settings = Readonly<z.output<typeof settingsSchema>>;
