// Named credentials of image origins. Sealed at rest like those of machines; a credential goes to the origins that it names and nowhere
// else (Swift's to Keystone, whose token goes to the object store of its catalog), so that who may attach cannot send it to a server of his own.
import type { CredentialKind } from "./vocabulary.ts";

interface Bound {
  /** `scheme://host[:port]`, lower case: where it may be sent. */
  readonly origins: readonly string[];
}

export interface BasicCredential extends Bound {
  readonly kind: "basic";
  readonly username: string;
  readonly password: string;
}

export interface BearerCredential extends Bound {
  readonly kind: "bearer";
  readonly token: string;
}

export interface HeadersCredential extends Bound {
  readonly kind: "headers";
  readonly headers: Readonly<Record<string, string>>;
}

/** A user or a project is in a domain: by its name or by its id; `Default` where neither is given. */
interface OfUser {
  readonly userDomain?: string;
  readonly userDomainId?: string;
}

/** By its id, or by its name within a domain. */
interface OfProject {
  readonly projectId?: string;
  readonly project?: string;
  readonly projectDomain?: string;
  readonly projectDomainId?: string;
}

/** Keystone v3; without `authUrl` there is no Swift. */
export interface SwiftCredential {
  readonly kind: "swift";
  /** With its version: `https://keystone.example:5000/v3`. */
  readonly authUrl: string;
  readonly login:
    | (OfUser & OfProject & { readonly method: "password"; readonly username: string; readonly password: string })
    /** By id, or by name and whose it is. */
    | (OfUser & {
        readonly method: "applicationCredential";
        readonly id?: string;
        readonly name?: string;
        readonly username?: string;
        readonly secret: string;
      });
  /** Of the catalog's object-store endpoints; the only one where there is one. */
  readonly region?: string;
  readonly interface: "public" | "internal" | "admin";
  /** The account's or the container's TempURL key: objects are then read by URLs of a few minutes, and the token stays with us. */
  readonly tempUrlKey?: string;
}

export interface S3Credential {
  readonly kind: "s3";
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly style: "path" | "host";
}

export type SourceCredential = BasicCredential | BearerCredential | HeadersCredential | SwiftCredential | S3Credential;

/** What may be shown of one. */
export interface SourceCredentialRecord {
  /** Unique; `[A-Za-z0-9][A-Za-z0-9._-]{0,62}`. */
  readonly name: string;
  readonly kind: CredentialKind;
  /** Where it goes: origins, endpoint, or the `authUrl` of Keystone, whose token goes on to the object store that its catalog names. */
  readonly destinations: readonly string[];
  readonly createdAt: number;
  readonly updatedAt: number;
}
