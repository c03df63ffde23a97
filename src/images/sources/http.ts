// `http://` and `https://` (RFC 9110), with the user and password of the URI (RFC 7617) or with a named credential.
import { MediabayError } from "../../core/errors.ts";
import { forbiddenByPolicy } from "../../wire/address-policy.ts";
import { clientOf } from "../origins/client.ts";
import { credentialHeaders, credentialOfKind } from "../origins/credential.ts";
import type { Origin, Question } from "../origins/origin.ts";
import { openTransfer } from "../origins/transfer.ts";
import type { SourceDeps, SourceScheme, TransferContext } from "./source.ts";

const malformed = (message: string): MediabayError =>
  new MediabayError("INVALID_REQUEST", message, { field: "source.uri" });

const hasUser = (uri: URL): boolean => uri.username !== "" || uri.password !== "";

const parse = (uri: string): URL => {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  const wellEncoded = (text: string): boolean => !/%(?![0-9a-f]{2})/i.test(text);
  if (url !== undefined && wellEncoded(url.username) && wellEncoded(url.password)) return url;
  throw malformed("The source's URI is malformed.");
};

const questionOf = (uri: URL, context: TransferContext): Question => {
  const credential = credentialOfKind(context, "basic", "bearer", "headers");
  return credential === undefined ? { uri } : { uri, credentials: credentialHeaders(credential, uri) };
};

export const createHttpSource = (deps: SourceDeps): SourceScheme => {
  const client = clientOf(deps);
  return {
    kind: "uri",
    schemes: ["http", "https"],
    credential: "taken",
    check(reference, credential) {
      const uri = parse(reference);
      if (credential !== undefined && hasUser(uri))
        throw malformed("The source's URI carries a user, and a credential is named beside it: give one of them.");
      const port = Number(uri.port) || (uri.protocol === "https:" ? 443 : 80);
      const refusal = deps.policy.refusalOfHost(uri.hostname, port);
      if (refusal !== undefined) throw forbiddenByPolicy(uri.hostname, refusal);
    },
    key: (uri) => parse(uri).href,
    open(reference, context) {
      const uri = parse(reference);
      const question = questionOf(uri, context);
      const origin: Origin = { name: uri.host, context: { host: uri.host }, ask: async () => question };
      return openTransfer(client, deps.clock, origin, context);
    },
  };
};
