// Bodies that clients send. Every object is strict: an unknown key is an error that names it.
import { z } from "zod";
import {
  protocols,
  attachmentRoles,
  bootEnabledValues,
  bootModes,
  resetTypes,
  roles,
  tlsLevels,
  tlsModes,
} from "../../core/vocabulary.ts";
import { choiceOf, digest, name } from "./parts.ts";
import { source } from "./source.ts";

const labels = z
  .record(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/, "a label's key is made of letters, digits and ._/-"),
    z.string().max(256),
  )
  .refine((all) => Object.keys(all).length <= 64, "at most 64 labels are allowed");

/** A host, or an http(s) URL of one. Credentials have their own field, so that they are sealed. */
const address = z
  .string()
  .min(1)
  .max(512)
  .regex(
    /^(?:https?:\/\/)?[^\s/@?#"'<>\\]+\/?$/i,
    "a host, or http(s)://host[:port] without credentials, path or query, is needed",
  );

const host = z.string().regex(/^[A-Za-z0-9.:_[\]-]{1,255}$/, "a host name or an IP address is needed");

const tls = z
  .strictObject({
    mode: z.enum(tlsModes).exactOptional(),
    level: z.enum(tlsLevels).exactOptional(),
    ca: z.string().max(262_144).exactOptional().describe("PEM."),
    fingerprint: z
      .string()
      .regex(/^(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, "64 hexadecimal digits are needed, colons allowed")
      .exactOptional()
      .describe("SHA-256 of the certificate."),
  })
  .refine((policy) => policy.mode !== "pinned" || policy.fingerprint !== undefined, {
    path: ["fingerprint"],
    message: "the mode `pinned` needs it",
  });

const credentials = z.strictObject({ username: z.string().min(1).max(256), password: z.string().max(1024) });

const newEndpoint = z
  .strictObject({
    protocol: z.enum([...protocols, "auto"]).exactOptional(),
    address,
    credentials: credentials
      .nullable()
      .exactOptional()
      .describe("On update: absent keeps what is sealed, null removes it."),
    tls: tls.exactOptional(),
    system: z
      .string()
      .min(1)
      .max(256)
      .exactOptional()
      .describe("Id, name, UUID or serial number, where the BMC serves several."),
    imageHost: host.exactOptional().describe("Host under which this BMC reaches our image plane."),
  })
  .meta({ id: "NewEndpoint" });

export const newMachine = z
  .strictObject({ name, labels: labels.exactOptional(), endpoints: z.array(newEndpoint).min(1).max(8) })
  .meta({ id: "NewMachine" });

export const machineChange = z
  .strictObject({
    name: name.exactOptional(),
    labels: labels.exactOptional().describe("Replaces all labels."),
    endpoints: z.array(newEndpoint).min(1).max(8).exactOptional(),
  })
  .meta({ id: "MachineChange" });

const role = z.enum(attachmentRoles);
const dayMs = 86_400_000;
const yearMs = 366 * dayMs;

const terms = z
  .strictObject({
    expiresInMs: z.number().int().min(1).max(yearMs).exactOptional().describe("From its publication."),
    fullReads: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .exactOptional()
      .describe("Served no more after so many full reads of the image; 1 is one-time."),
    onlyBmc: z.boolean().exactOptional().describe("To the BMC's own addresses only, whatever the settings say."),
  })
  .meta({ id: "PublicationTerms" });

const afterMs = z.number().int().min(0).max(yearMs);

const detachOn = z
  .discriminatedUnion("at", [
    z.strictObject({ at: z.enum(["never", "boot"]) }),
    z.strictObject({
      at: z.literal("read"),
      afterMs: afterMs.exactOptional().describe("Without a read since all was read. Default 30 seconds."),
    }),
    z.strictObject({ at: z.literal("timer"), afterMs: afterMs.describe("From the attach.") }),
  ])
  .meta({ id: "DetachRule" });

const deadlineMs = z.number().int().min(1).max(dayMs).exactOptional().describe("From acceptance. Default 10 minutes.");

const expectAgent = z
  .boolean()
  .describe("A deploy agent may be booted here: a config drive is refused unless the machine is off.");

export const attachBody = z
  .strictObject({
    source,
    role: role.exactOptional().describe("Default `configdrive`."),
    digest: digest.exactOptional().describe("SHA-256 that the image must have."),
    boot: z
      .enum(["once", "continuous", "none"])
      .exactOptional()
      .describe("Default: `once` for `boot`, `none` for `configdrive`."),
    reset: z.union([z.boolean(), z.enum(resetTypes)]).exactOptional(),
    slot: z.string().min(1).max(256).exactOptional(),
    force: z.boolean().exactOptional().describe("Replace somebody else's medium."),
    readWithinMs: z.number().int().min(0).max(dayMs).exactOptional(),
    terms: terms.exactOptional().describe("How long, how often and to whom it is served."),
    detachOn: detachOn.exactOptional().describe("Detached by itself then. Default never."),
    expectAgent: expectAgent.exactOptional(),
    deadlineMs,
  })
  .meta({ id: "AttachRequest" });

export const replaceBody = z
  .strictObject({
    source,
    digest: digest.exactOptional().describe("SHA-256 that the image must have."),
    expectAgent: expectAgent.exactOptional(),
    deadlineMs,
  })
  .meta({ id: "ReplaceRequest" });

export const bootBody = z
  .strictObject({
    target: z.string().regex(/^[A-Za-z0-9]{1,64}$/, "a Redfish boot source override target is needed"),
    enabled: z.enum(bootEnabledValues),
    mode: z.enum(bootModes).exactOptional(),
  })
  .meta({ id: "BootOverrideRequest" });

export const powerBody = z.strictObject({ type: z.enum(resetTypes) }).meta({ id: "ResetRequest" });

export const imageBody = z
  .strictObject({ source, role: role.exactOptional(), digest: digest.exactOptional() })
  .meta({ id: "ImageRequest" });

export const probeBody = z
  .strictObject({ machine: z.string().min(1).max(128).exactOptional(), endpoint: newEndpoint.exactOptional() })
  .transform(({ machine, endpoint }, context) => {
    if (machine !== undefined && endpoint === undefined) return { machine };
    if (endpoint !== undefined && machine === undefined) return { endpoint };
    context.addIssue("exactly one of `machine` and `endpoint` is needed");
    return z.NEVER;
  })
  .meta({ id: "ProbeRequest", ...choiceOf(["machine"], ["endpoint"]) });

export const tokenBody = z.strictObject({ name, role: z.enum(roles) }).meta({ id: "NewToken" });
