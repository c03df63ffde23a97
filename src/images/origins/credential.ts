// Named credentials as their schemes want them: of the right kind, and sent only where they may go.
import { MediabayError } from "../../core/errors.ts";
import type { SourceCredentialStore } from "../../core/ports.ts";
import type { SourceCredential } from "../../core/source-credentials.ts";
import type { HeaderFields } from "../../wire/guarded/origin-client.ts";
import type { TransferContext } from "../sources/source.ts";

type Kind = SourceCredential["kind"];
type OfKind<K extends Kind> = Extract<SourceCredential, { readonly kind: K }>;

/** @throws MediabayError CREDENTIAL_NOT_FOUND */
export const credentialNamed = async (
  name: string,
  store: Pick<SourceCredentialStore, "get"> | undefined,
): Promise<SourceCredential> => {
  if (store !== undefined) return store.get(name);
  throw new MediabayError("CREDENTIAL_NOT_FOUND", `There is no credential ${name}.`, { name });
};

/** @throws MediabayError INVALID_REQUEST when there is one of another kind */
export const credentialOfKind = <K extends Kind>(
  { credential }: TransferContext,
  ...kinds: readonly [K, ...K[]]
): OfKind<K> | undefined => {
  const fits = (one: SourceCredential): one is OfKind<K> => kinds.some((kind) => kind === one.kind);
  if (credential === undefined || fits(credential)) return credential;
  const message = `The named credential is of the kind ${credential.kind}; this source takes ${kinds.join(" or ")}.`;
  throw new MediabayError("INVALID_REQUEST", message, { field: "source.credential" });
};

export const credentialNeeded = (scheme: string): MediabayError =>
  new MediabayError("INVALID_REQUEST", `A ${scheme} source needs a named credential.`, {
    field: "source.credential",
    hint: `Add one of the kind ${scheme} with \`mediabay credential set\`, and name it beside the URI.`,
  });

const originOf = (text: string): string => (URL.canParse(text) ? new URL(text).origin : text);

const headersOf = (credential: OfKind<"basic" | "bearer" | "headers">): HeaderFields => {
  if (credential.kind === "headers") return credential.headers;
  if (credential.kind === "bearer") return { authorization: `Bearer ${credential.token}` };
  const pair = `${credential.username}:${credential.password}`;
  return { authorization: `Basic ${Buffer.from(pair, "utf8").toString("base64")}` };
};

/** @throws MediabayError SOURCE_FORBIDDEN when it may not go to this URI */
export const credentialHeaders = (credential: OfKind<"basic" | "bearer" | "headers">, uri: URL): HeaderFields => {
  if (credential.origins.some((origin) => originOf(origin) === uri.origin)) return headersOf(credential);
  throw new MediabayError("SOURCE_FORBIDDEN", `The named credential may not be sent to ${uri.origin}.`, {
    host: uri.host,
    field: "source.credential",
    hint: "Add this origin to the credential's origins, if it is meant for it.",
  });
};
