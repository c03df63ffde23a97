// `swift://container/object`: OpenStack Object Storage, found and entered by Keystone. With a TempURL key each request has a URL of its own that
// is good for minutes; without one it carries the token, which is renewed when the store no longer takes it.
import { MediabayError } from "../../core/errors.ts";
import type { SwiftCredential } from "../../core/source-credentials.ts";
import type { OriginAnswer } from "../../wire/guarded/origin-client.ts";
import { clientOf } from "../origins/client.ts";
import { credentialNeeded, credentialOfKind } from "../origins/credential.ts";
import { createKeystone, type Keystone, type SwiftSession } from "../origins/keystone.ts";
import { keyOfObject, parseObjectUri } from "../origins/object-uri.ts";
import type { Origin } from "../origins/origin.ts";
import { signTempUrl } from "../origins/temp-url.ts";
import { openTransfer } from "../origins/transfer.ts";
import type { SourceDeps, SourceScheme } from "./source.ts";

const reasonOf = (status: number, signed: boolean): string => {
  if (status === 404) return "there is no such object, or no such container";
  if (status === 401 && signed) return "the key of its signature is not the account's, or the clocks differ";
  if (status === 401) return "it does not take the token";
  return status === 403 ? "the credential may not read it" : "it gives no reason that we know";
};

const refusalOf = (name: string, { url, status }: OriginAnswer, signed: boolean): MediabayError => {
  const message = `Swift at ${url.host} answered ${status} for ${name}: ${reasonOf(status, signed)}.`;
  return new MediabayError("SOURCE_REFUSED", message, { uri: name, status });
};

const originOf = (reference: string, credential: SwiftCredential, keystone: Keystone, now: () => number): Origin => {
  const { tempUrlKey } = credential;
  const name = keyOfObject("swift", parseObjectUri(reference));
  const path = name.slice("swift://".length);
  let session: SwiftSession | undefined;
  let renewed = false;
  return {
    name,
    context: { uri: name },
    async ask(signal) {
      session = await keystone.session(credential, signal);
      const uri = new URL(`${session.accountUrl}/${path}`);
      return tempUrlKey === undefined
        ? { uri, credentials: { "x-auth-token": session.token }, redirects: "answered" }
        : { uri: signTempUrl(uri, tempUrlKey, now()), redirects: "answered" };
    },
    renews(status) {
      if (status !== 401 || tempUrlKey !== undefined || session === undefined) return false;
      keystone.forget(session);
      const first = !renewed;
      renewed = true;
      return first;
    },
    refusal: async (answer) => refusalOf(name, answer, tempUrlKey !== undefined),
    placeOf: ({ origin, pathname }) => `${origin}${pathname}`,
  };
};

export const createSwiftSource = (deps: SourceDeps): SourceScheme => {
  const client = clientOf(deps);
  const keystone = createKeystone(client, deps.clock);
  return {
    kind: "uri",
    schemes: ["swift"],
    credential: "needed",
    check: (uri) => void parseObjectUri(uri),
    key: (uri) => keyOfObject("swift", parseObjectUri(uri)),
    open(uri, context) {
      const credential = credentialOfKind(context, "swift");
      if (credential === undefined) throw credentialNeeded("swift");
      const origin = originOf(uri, credential, keystone, () => deps.clock.now());
      return openTransfer(client, deps.clock, origin, context);
    },
  };
};
