// Bodies of named credentials, one schema a kind. No complaint repeats what was sent, header names included: it may be the secret itself.
import { z } from "zod";
import type { ZodOpenApiOverrideMetaContext } from "zod-openapi/api";
import { credentialKinds } from "../../core/vocabulary.ts";
import type { SourceCredential } from "../../core/source-credentials.ts";

/** Visible ASCII, with blanks inside (RFC 9110 §5.5, without obs-text). */
const headerValue = /^[!-~](?:[\t -~]*[!-~])?$/;
/** No control characters. */
const plainText = /^[ -~\u00a0-\uffff]*$/;
const visible = /^[!-~]+$/;

const text = (most: number) => z.string().min(1).max(most).regex(plainText, "control characters are not allowed");
const visibleText = (most: number, what: string) =>
  z.string().min(1).max(most).regex(visible, `${what} is made of visible ASCII characters`);
const secret = text(4096).describe("Sealed, and never answered.");

const notUrl = "it is not a URL that can be used";

/** The URL as `shape` makes it of what was parsed; undefined refuses it. */
const url = (pattern: RegExp, needed: string, shape: (parsed: URL) => string) =>
  z
    .string()
    .max(2048)
    .regex(pattern, needed)
    .transform((given, context) => {
      const parsed = URL.parse(given);
      if (parsed !== null) return shape(parsed);
      context.addIssue(notUrl);
      return z.NEVER;
    });

/** `scheme://host[:port]`, lower case; the scheme's own port is left out. */
const origin = url(
  /^https?:\/\/[^\s/?#@\\"'<>]+\/?$/i,
  "http(s)://host[:port] without credentials, path or query is needed",
  (parsed) => parsed.origin,
);

const withoutSlash = ({ origin: where, pathname }: URL): string => `${where}${pathname.replace(/\/+$/, "")}`;

const origins = z
  .array(origin)
  .min(1)
  .max(32)
  .transform((all) => [...new Set(all)])
  .describe("Where it may be sent: it goes nowhere else.");

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;

/** Those of a connection, and those by which a download works. */
const reservedHeaders = new Set(
  (
    "host content-length content-type content-encoding transfer-encoding connection keep-alive te trailer upgrade expect " +
    "proxy-connection proxy-authorization proxy-authenticate range if-range if-match if-none-match if-modified-since " +
    "if-unmodified-since accept-encoding"
  ).split(" "),
);

const headerProblem = (headers: Readonly<Record<string, unknown>>): string | undefined => {
  const names = Object.keys(headers);
  if (names.length === 0 || names.length > 32) return "1 to 32 headers are needed";
  if (!names.every((each) => token.test(each)))
    return "a header's name is a token of letters, digits and !#$%&'*+-.^_`|~";
  const lower = names.map((each) => each.toLowerCase());
  if (new Set(lower).size !== lower.length) return "the same header is given twice";
  const reserved = lower.find((each) => reservedHeaders.has(each));
  if (reserved !== undefined) return `the header ${reserved} is set by the connection or by the download itself`;
  const fits = (value: unknown): boolean =>
    typeof value === "string" && value.length <= 8192 && headerValue.test(value);
  if (!Object.values(headers).every(fits)) return "a header's value is one line of visible ASCII characters";
  return undefined;
};

const headers = z
  .record(z.string(), z.unknown(), { error: "an object is needed" })
  .transform((given, context) => {
    const problem = headerProblem(given);
    if (problem === undefined) return given as Readonly<Record<string, string>>;
    context.addIssue(problem);
    return z.NEVER;
  })
  .meta({
    override: ({ jsonSchema }: ZodOpenApiOverrideMetaContext): void => {
      Object.assign(jsonSchema, {
        propertyNames: { type: "string", pattern: token.source },
        additionalProperties: { type: "string", maxLength: 8192, pattern: headerValue.source },
        minProperties: 1,
        maxProperties: 32,
      });
    },
  })
  .describe("By name. Not those of the connection (`Host`, `Connection`, …) and of the download (`Range`, …).");

const username = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[ -9;-~\u00a0-\uffff]*$/, "colons (RFC 7617) and control characters are not allowed");

const basic = z.strictObject({ kind: z.literal("basic"), origins, username, password: secret });
const bearer = z.strictObject({
  kind: z.literal("bearer"),
  origins,
  token: visibleText(16_384, "a bearer token").describe("Sealed, and never answered."),
});
const ofHeaders = z.strictObject({ kind: z.literal("headers"), origins, headers });

const maybe = text(255).exactOptional();
const domain = maybe.describe("`Default` where neither its name nor its id is given.");

/** A pair of names of which the second says the same by id. */
const together = (name: string, id: string, given: Readonly<Record<string, unknown>>): boolean =>
  given[name] !== undefined && given[id] !== undefined;

const passwordLogin = z
  .strictObject({
    method: z.literal("password"),
    username: text(255),
    userDomain: domain,
    userDomainId: maybe,
    password: secret,
    project: maybe,
    projectId: maybe,
    projectDomain: domain,
    projectDomainId: maybe,
  })
  .refine(
    ({ project, projectId }) => (project === undefined) !== (projectId === undefined),
    "exactly one of `project` and `projectId` is needed",
  )
  .refine((login) => !together("userDomain", "userDomainId", login), "a domain is given by its name or by its id")
  .refine((login) => !together("projectDomain", "projectDomainId", login), "a domain is given by its name or by its id")
  .refine(
    ({ projectId, projectDomain, projectDomainId }) =>
      projectId === undefined || (projectDomain === undefined && projectDomainId === undefined),
    "`projectId` goes without a domain",
  );

const applicationLogin = z
  .strictObject({
    method: z.literal("applicationCredential"),
    id: maybe,
    name: maybe,
    username: maybe,
    userDomain: domain,
    userDomainId: maybe,
    secret,
  })
  .refine((login) => !together("userDomain", "userDomainId", login), "a domain is given by its name or by its id")
  .refine(({ id, name }) => (id === undefined) !== (name === undefined), "exactly one of `id` and `name` is needed")
  .refine(
    ({ name, username: user }) => (name === undefined) === (user === undefined),
    "`name` needs the `username` whose it is, and `id` goes without",
  );

const swift = z.strictObject({
  kind: z.literal("swift"),
  authUrl: url(
    /^https?:\/\/[^\s?#@\\"'<>]+\/v3\/?$/i,
    "an http(s) URL that ends in /v3, without credentials or query, is needed",
    withoutSlash,
  ).describe(
    "Keystone, with its version: `https://keystone.example:5000/v3`. Its token goes to the object store that its catalog names, which speaks " +
      "https where Keystone does; with a `tempUrlKey` the token goes nowhere.",
  ),
  login: z.discriminatedUnion("method", [passwordLogin, applicationLogin], {
    error: "its `method` is password or applicationCredential",
  }),
  region: text(255).exactOptional().describe("Where the catalog has several."),
  interface: z.enum(["public", "internal", "admin"]).default("public"),
  tempUrlKey: secret.exactOptional(),
});

const s3 = z.strictObject({
  kind: z.literal("s3"),
  endpoint: url(/^https?:\/\/[^\s?#@\\"'<>]+$/i, "an http(s) URL without credentials or query is needed", withoutSlash),
  region: visibleText(64, "a region").default("us-east-1"),
  accessKeyId: visibleText(256, "an access key's id"),
  secretAccessKey: visibleText(1024, "a secret access key").describe("Sealed, and never answered."),
  sessionToken: visibleText(16_384, "a session token").exactOptional(),
  style: z.enum(["path", "host"]).default("path").describe("Where the bucket's name goes."),
});

export const credentialBody = z
  .discriminatedUnion("kind", [basic, bearer, ofHeaders, swift, s3], {
    error: `one of ${credentialKinds.join(", ")} is needed`,
  })
  .transform((credential): SourceCredential => credential)
  .meta({ id: "NewCredential" });
