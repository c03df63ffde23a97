// Named credentials of image origins: set, listed without their secrets, removed. The audit trail says who and which, and nothing of them.
import { MediabayError } from "../core/errors.ts";
import type { RequestOptions } from "../core/gateway.ts";
import type { Source } from "../core/ports.ts";
import type { SourceCredential, SourceCredentialRecord } from "../core/source-credentials.ts";
import type { SubmittingDeps } from "./deps.ts";

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

type Deps = Pick<SubmittingDeps, "credentials" | "auditLog" | "clock">;

export const setCredential = async (
  deps: Deps,
  name: string,
  credential: SourceCredential,
  { actor }: RequestOptions,
): Promise<SourceCredentialRecord> => {
  if (!namePattern.test(name)) {
    throw new MediabayError("INVALID_REQUEST", "name: must match [A-Za-z0-9][A-Za-z0-9._-]{0,62}.", { field: "name" });
  }
  const record = await deps.credentials.put(name, credential, deps.clock.now());
  await audit(deps, actor.name, "credential.set", name);
  return record;
};

export const removeCredential = async (deps: Deps, name: string, { actor }: RequestOptions): Promise<void> => {
  await deps.credentials.remove(name);
  await audit(deps, actor.name, "credential.removed", name);
};

/** So that a misspelt name is refused at once. @throws MediabayError CREDENTIAL_NOT_FOUND */
export const requireCredential = async ({ credentials }: Pick<Deps, "credentials">, source: Source): Promise<void> => {
  if (source.kind === "uri" && source.credential !== undefined) await credentials.get(source.credential);
};

const audit = (deps: Deps, actor: string, action: string, name: string): Promise<void> =>
  deps.auditLog.append({ at: deps.clock.now(), actor, action, detail: { name } });
