// What was downloaded whole from where: enough to ask an origin whether it changed, never to answer without asking. In memory alone.
import { createHash } from "node:crypto";
import { Recent } from "./recent.ts";
import type { Validator } from "./sources/source.ts";

export interface SeenSource {
  readonly digest: string;
  readonly validator: Validator;
}

export interface SeenSources {
  recall(key: string): SeenSource | undefined;
  /** Without a validator what was known is forgotten. */
  remember(key: string, digest: string, validator: Validator | undefined): void;
}

/** @param most how many are kept: the least recently used goes first */
export const createSeenSources = (most = 4096): SeenSources => {
  const seen = new Recent<string, SeenSource>(most);
  // A source's key may carry credentials, and this outlives the request.
  const nameOf = (key: string): string => createHash("sha256").update(key).digest("base64");

  return {
    recall: (key) => seen.use(nameOf(key)),
    remember: (key, digest, validator) => {
      const name = nameOf(key);
      if (validator === undefined) seen.delete(name);
      else seen.set(name, { digest, validator });
    },
  };
};
