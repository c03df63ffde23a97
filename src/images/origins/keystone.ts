// OpenStack Identity v3: a token by password or application credential, and from its catalog the account's URL in Swift. Tokens are kept in
// memory while they are good, so that a thousand machines are not a thousand logins.
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import type { SwiftCredential } from "../../core/source-credentials.ts";
import type { OriginClient, OriginReply } from "../../wire/guarded/origin-client.ts";
import { createFlights } from "../flights.ts";
import { Recent } from "../recent.ts";

export interface SwiftSession {
  readonly token: string;
  /** Without a slash at its end. */
  readonly accountUrl: string;
}

export interface Keystone {
  /** The one of before, or a new login, shared by all who ask meanwhile. @throws MediabayError SOURCE_UNREACHABLE, SOURCE_REFUSED, SOURCE_FORBIDDEN */
  session(credential: SwiftCredential, signal: AbortSignal): Promise<SwiftSession>;
  /** Drops it where it is still the one that is kept. */
  forget(session: SwiftSession): void;
}

const mostCatalogBytes = 2 * 1024 ** 2;
const mostSessions = 64;
/** Before its end a token is no longer used: clocks differ, and requests take time. */
const marginMs = 60_000;

const tokenAnswer = z.object({
  token: z.object({
    expires_at: z.string(),
    catalog: z
      .array(
        z.object({
          type: z.string(),
          endpoints: z.array(
            z.object({
              interface: z.string(),
              url: z.string(),
              region: z.string().nullish(),
              region_id: z.string().nullish(),
            }),
          ),
        }),
      )
      .default([]),
  }),
});
type Catalog = z.infer<typeof tokenAnswer>["token"]["catalog"];

const refused = (host: string, what: string, hint?: string): MediabayError =>
  new MediabayError("SOURCE_REFUSED", `Keystone at ${host} ${what}.`, { host, ...(hint !== undefined && { hint }) });

const domainOf = (name: string | undefined, id: string | undefined): unknown =>
  id === undefined ? { name: name ?? "Default" } : { id };

const loginBody = ({ login }: SwiftCredential): unknown => {
  const userDomain = domainOf(login.userDomain, login.userDomainId);
  if (login.method === "password") {
    const { username: name, password, projectId, project, projectDomain, projectDomainId } = login;
    const user = { name, domain: userDomain, password };
    const named = { name: project, domain: domainOf(projectDomain, projectDomainId) };
    const scope = { project: projectId === undefined ? named : { id: projectId } };
    return { auth: { identity: { methods: ["password"], password: { user } }, scope } };
  }
  const { id, name, username, secret } = login;
  const owner = { name: username, domain: userDomain };
  const named = id === undefined ? { name, user: owner, secret } : { id, secret };
  return { auth: { identity: { methods: ["application_credential"], application_credential: named } } };
};

/** Unless a TempURL key keeps the token with us. */
const checkStaysSecret = (accountUrl: string, { authUrl, tempUrlKey }: SwiftCredential, host: string): void => {
  if (new URL(authUrl).protocol === "http:" || new URL(accountUrl).protocol === "https:" || tempUrlKey !== undefined)
    return;
  const message = `Keystone at ${host} speaks https and names an object store in plain http, where its token would be seen.`;
  throw new MediabayError("SOURCE_FORBIDDEN", message, {
    host,
    hint: "Have the catalog name an https endpoint, choose another interface or region in the credential, or give it a tempUrlKey.",
  });
};

const accountUrlOf = (catalog: Catalog, credential: SwiftCredential, host: string): string => {
  const wanted = `object-store endpoint of the interface ${credential.interface}`;
  const endpoints = catalog
    .filter(({ type }) => type === "object-store")
    .flatMap((service) => service.endpoints)
    .filter((endpoint) => endpoint.interface === credential.interface);
  const regionOf = ({ region_id: id, region }: (typeof endpoints)[number]): string => id ?? region ?? "";
  const there = endpoints.filter((one) => credential.region === undefined || regionOf(one) === credential.region);
  const [first, second] = there;
  if (first === undefined) {
    const where = credential.region === undefined ? "" : ` in the region ${credential.region}`;
    throw refused(host, `names no ${wanted}${where}`, "Correct the credential's region and interface.");
  }
  if (second !== undefined) {
    const regions = there.map(regionOf).join(", ");
    throw refused(host, `names more than one ${wanted} (${regions})`, "Name the region in the credential.");
  }
  if (!URL.canParse(first.url) || !/^https?:/i.test(first.url)) throw refused(host, `names an ${wanted} without a URL`);
  checkStaysSecret(first.url, credential, host);
  return first.url.replace(/\/+$/, "");
};

const parsed = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
};

const checkStatus = ({ status }: OriginReply, host: string): void => {
  if (status === 201) return;
  if (status === 401) throw refused(host, "refused the login of the named credential (401)");
  if (status === 429 || status >= 500) {
    const message = `Keystone at ${host} answered ${status}.`;
    throw new MediabayError("SOURCE_UNREACHABLE", message, { host, status });
  }
  throw refused(host, `answered ${status} to the login`, "The credential's authUrl ends with /v3.");
};

const logIn = async (client: OriginClient, credential: SwiftCredential, signal: AbortSignal) => {
  const uri = new URL(`${credential.authUrl.replace(/\/+$/, "")}/auth/tokens`);
  const reply = await client.post(uri, loginBody(credential), mostCatalogBytes, signal);
  checkStatus(reply, uri.host);
  const token = reply.headers["x-subject-token"];
  const answer = tokenAnswer.safeParse(parsed(reply.body));
  if (typeof token !== "string" || !answer.success) throw refused(uri.host, "answered the login with no token");
  const { catalog, expires_at: expires } = answer.data.token;
  const session: SwiftSession = { token, accountUrl: accountUrlOf(catalog, credential, uri.host) };
  return { session, expiresAt: Date.parse(expires) };
};

export const createKeystone = (client: OriginClient, clock: Clock): Keystone => {
  type Login = Awaited<ReturnType<typeof logIn>>;
  const kept = new Recent<string, Login>(mostSessions);
  const underWay = createFlights<symbol, Login>();
  const nameOf = (credential: SwiftCredential): string =>
    createHash("sha256").update(JSON.stringify(credential)).digest("base64");

  return {
    async session(credential, signal) {
      const name = nameOf(credential);
      const known = kept.peek(name);
      if (known !== undefined && known.expiresAt - marginMs > clock.now()) return known.session;
      const { session } = await underWay.join(name, Symbol("caller"), signal, async (flight) => {
        const made = await logIn(client, credential, flight.signal);
        kept.set(name, made);
        return made;
      });
      return session;
    },
    forget(session) {
      for (const [name, one] of kept) if (one.session === session) kept.delete(name);
    },
  };
};
