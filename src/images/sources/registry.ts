// The sources there are: one line for each scheme's file in this folder, which a test compares with the folder.
import { MediabayError } from "../../core/errors.ts";
import type { Source } from "../../core/ports.ts";
import { credentialNeeded } from "../origins/credential.ts";
import { createBlobSource } from "./blob.ts";
import { createConfigdriveSource } from "./configdrive.ts";
import { createDataSource } from "./data.ts";
import { createFileSource } from "./file.ts";
import { createHttpSource } from "./http.ts";
import { createImageSource } from "./image.ts";
import { createS3Source } from "./s3.ts";
import type { SourceDeps, SourceScheme } from "./source.ts";
import { createSwiftSource } from "./swift.ts";

/** By the file's name. */
export const sourceFactories: Readonly<Record<string, (deps: SourceDeps) => SourceScheme>> = {
  blob: createBlobSource,
  configdrive: createConfigdriveSource,
  data: createDataSource,
  file: createFileSource,
  http: createHttpSource,
  image: createImageSource,
  s3: createS3Source,
  swift: createSwiftSource,
};

/** A source with the scheme that knows it. */
export interface LocatedSource {
  readonly scheme: SourceScheme;
  readonly reference: string;
  /** The name of the credential that it names. */
  readonly credential?: string;
}

export interface Sources {
  /** @throws MediabayError SOURCE_UNSUPPORTED listing what exists; and what the scheme's `check` throws */
  locate(source: Source): LocatedSource;
}

const referenceOf = (source: Source): string => {
  if (source.kind === "blob") return source.base64;
  if (source.kind === "configdrive") return JSON.stringify(source.drive);
  return source.kind === "image" ? `image:${source.digest}` : source.uri;
};

/** @throws MediabayError INVALID_REQUEST */
const checkCredential = (scheme: SourceScheme, name: string | undefined): void => {
  if (name === undefined && scheme.credential === "needed") throw credentialNeeded(scheme.schemes.join(" or "));
  if (name === undefined || scheme.credential !== undefined) return;
  const message = `A source of the scheme ${scheme.schemes.join(" or ")} takes no named credential.`;
  throw new MediabayError("INVALID_REQUEST", message, { field: "source.credential" });
};

export const createSources = (deps: SourceDeps): Sources => {
  const schemes = Object.values(sourceFactories).map((create) => create(deps));

  const unsupported = (name: string | undefined): MediabayError => {
    const known = schemes.flatMap((scheme) => scheme.schemes).join(", ");
    const subject = name === undefined ? "A source's URI begins with a scheme" : `The scheme ${name} is not supported`;
    return new MediabayError("SOURCE_UNSUPPORTED", `${subject}; there are ${known}, and base64 text.`, {
      field: "source.uri",
    });
  };

  const find = (source: Source, reference: string): SourceScheme => {
    const name = source.kind === "uri" ? /^\s*([a-z][a-z0-9+.-]*):/i.exec(reference)?.[1]?.toLowerCase() : undefined;
    const found =
      source.kind === "uri"
        ? schemes.find((scheme) => name !== undefined && scheme.schemes.includes(name))
        : schemes.find((scheme) => scheme.kind === source.kind);
    if (found === undefined) throw unsupported(name);
    return found;
  };

  return {
    locate(source) {
      const text = referenceOf(source);
      const reference = source.kind === "uri" ? text.trim() : text;
      const scheme = find(source, reference);
      const credential = source.kind === "uri" ? source.credential : undefined;
      checkCredential(scheme, credential);
      scheme.check(reference, credential);
      return { scheme, reference, ...(credential !== undefined && { credential }) };
    },
  };
};
