// Bodies that clients send. Every object is strict: an unknown key is an error that names it.
import { z } from "zod";
import type { ZodOpenApiOverrideMetaContext } from "zod-openapi/api";
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

/** Machine and token names. */
const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    "1 to 63 letters, digits, dots, underscores or hyphens are needed, the first a letter or digit",
  );

const labels = z
  .record(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/, "a label's key is made of letters, digits and ._/-"),
    z.string().max(256),
  )
  .refine((all) => Object.keys(all).length <= 64, "at most 64 labels are allowed");

const digest = z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hexadecimal digits are needed");

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

/** In the document: a choice between objects of one member each. */
const oneMemberOf = (keys: readonly string[]) => ({
  override: ({ jsonSchema }: ZodOpenApiOverrideMetaContext): void => {
    const { properties = {} } = jsonSchema;
    for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
    jsonSchema.oneOf = keys.map((key) => ({
      type: "object",
      properties: { [key]: properties[key] ?? {} },
      required: [key],
      additionalProperties: false,
    }));
  },
});

const source = z
  .strictObject({
    uri: z.string().min(1).max(8192).exactOptional().describe("http, https or file."),
    base64: z.string().min(1).exactOptional().describe("An image or a gzipped image."),
    digest: digest.exactOptional().describe("An image in our store."),
  })
  .transform(({ uri, base64, digest: stored }, context) => {
    if (uri !== undefined && base64 === undefined && stored === undefined) return { kind: "uri", uri } as const;
    if (base64 !== undefined && uri === undefined && stored === undefined) return { kind: "blob", base64 } as const;
    if (stored !== undefined && uri === undefined && base64 === undefined)
      return { kind: "image", digest: stored } as const;
    context.addIssue("exactly one of `uri`, `base64` and `digest` is needed");
    return z.NEVER;
  })
  .meta({ id: "Source", ...oneMemberOf(["uri", "base64", "digest"]) });

const role = z.enum(attachmentRoles);
const dayMs = 86_400_000;

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
    deadlineMs: z.number().int().min(1).max(dayMs).exactOptional().describe("From acceptance. Default 10 minutes."),
  })
  .meta({ id: "AttachRequest" });

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
  .meta({ id: "ProbeRequest", ...oneMemberOf(["machine", "endpoint"]) });

export const tokenBody = z.strictObject({ name, role: z.enum(roles) }).meta({ id: "NewToken" });
