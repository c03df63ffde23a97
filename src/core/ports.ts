// What the gateway needs from the other rooms. Each interface is implemented in the room its comment names and handed in by main.ts.
import type { Credentials, Endpoint, Identity, Json, Protocol, ResourceAnswer } from "./driver.ts";
import type { DriveRequest, ImageLook } from "./configdrive.ts";
import type { ErrorRecord } from "./errors.ts";
import type { UrlRules } from "./media.ts";
import type {
  AttachmentRecord,
  AuditRecord,
  ImageRecord,
  MachineRecord,
  OperationEvent,
  OperationRecord,
  Page,
  ReadSummary,
  TokenRecord,
} from "./records.ts";
import type { SourceCredential, SourceCredentialRecord } from "./source-credentials.ts";
import type {
  AttachmentRole,
  AttachmentState,
  Confidence,
  ImageFormat,
  OperationKind,
  OperationState,
  ProfileOrigin,
  ProtocolName,
  RecordingFile,
  Role,
} from "./vocabulary.ts";

/** pino's shape, narrowed. Arguments are redacted by the logger itself. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Log;
}

export interface PageRequest {
  readonly limit: number;
  readonly after?: string;
}

// ---- store ---------------------------------------------------------------------------------------------------------

export interface MachineStore {
  /** `credentials[i]` belongs to `machine.endpoints[i]` and is sealed. @throws MACHINE_EXISTS */
  create(machine: MachineRecord, credentials: readonly (Credentials | undefined)[]): Promise<void>;
  /** By id or by name. @throws MACHINE_NOT_FOUND */
  get(idOrName: string): Promise<MachineRecord>;
  /** Replaces the record; `credentials[i] === "keep"` keeps what is sealed for that index, undefined removes it. */
  update(machine: MachineRecord, credentials: readonly (Credentials | "keep" | undefined)[]): Promise<void>;
  remove(id: string): Promise<void>;
  /** Ordered by name. `labels` must all match; an empty value matches any value of that label. */
  list(page: PageRequest, labels?: Readonly<Record<string, string>>): Promise<Page<MachineRecord>>;
  count(): Promise<number>;
  /** Unseals. The only way to a password. */
  endpoint(id: string, index: number): Promise<Endpoint>;
  /** What a driver learnt of this machine, and its age. */
  memory(id: string): Promise<{ readonly memory: Json; readonly savedAt: number } | undefined>;
  /** Undefined forgets. `identity` also updates the machine's record. */
  remember(id: string, memory: Json | undefined, identity?: Identity): Promise<void>;
  /** A BMC session left open, sealed. */
  openSession(id: string): Promise<Json | undefined>;
  /** Ids of the machines that `openSession` would answer one for. */
  withOpenSession(): Promise<readonly string[]>;
  saveOpenSession(id: string, session: Json | undefined): Promise<void>;
}

export interface AttachmentFilter {
  readonly machineId?: string;
  readonly states?: readonly AttachmentState[];
  /** Only those with this member. */
  readonly has?: "detachOn" | "idleUnmountMs" | "leftIn";
}

export interface AttachmentStore {
  /** @throws NOT_FOUND */
  get(id: string): Promise<AttachmentRecord>;
  list(page: PageRequest, filter?: AttachmentFilter): Promise<Page<AttachmentRecord>>;
  /** Merges; keys present with value undefined are cleared. Sets updatedAt. */
  update(
    id: string,
    change: { readonly [K in keyof AttachmentRecord]?: AttachmentRecord[K] | undefined },
  ): Promise<AttachmentRecord>;
}

export interface NewOperation {
  readonly id: string;
  readonly kind: OperationKind;
  readonly machineId: string;
  readonly attachmentId?: string;
  /** Sealed at rest: may hold a source URI with credentials. */
  readonly input: Json;
  /** With the actor's name, unique; the same key with the same `requestHash` answers the first operation. */
  readonly idempotencyKey?: string;
  readonly requestHash?: string;
  readonly deadlineAt?: number;
  readonly createdBy: string;
  readonly createdAt: number;
}

/** The right to commit steps of one operation; a later claim makes earlier ones void. */
export interface Claim {
  readonly operationId: string;
  readonly fence: number;
}

export interface StepEntry {
  readonly name: string;
  readonly state: "running" | "done" | "failed" | "undone";
  readonly attempts: number;
  readonly output?: Json;
}

export interface OperationFilter {
  readonly machineId?: string;
  readonly states?: readonly OperationState[];
}

/** Durable record of operations: every method that writes is one transaction, on disk when it resolves. */
export interface Journal {
  /**
   * Commits the operation, and the attachment where one is begun, together. The same idempotency key and request answers the
   * operation that exists, with `created: false`. @throws IDEMPOTENCY_CONFLICT, ALREADY_ATTACHED (a live attachment of that role exists)
   */
  accept(
    operation: NewOperation,
    attachment?: AttachmentRecord,
  ): Promise<{ readonly operation: OperationRecord; readonly created: boolean }>;
  claim(id: string): Promise<{
    readonly claim: Claim;
    readonly operation: OperationRecord;
    readonly input: Json;
    readonly steps: readonly StepEntry[];
  }>;
  /** @throws STORE_UNAVAILABLE when the claim was lost (fenced) */
  beginStep(claim: Claim, name: string, title: string): Promise<StepEntry>;
  endStep(claim: Claim, name: string, output: Json): Promise<void>;
  failStep(claim: Claim, name: string, error: ErrorRecord): Promise<void>;
  undoneStep(claim: Claim, name: string, error?: ErrorRecord): Promise<void>;
  compensating(claim: Claim, error: ErrorRecord): Promise<void>;
  finish(
    claim: Claim,
    state: "succeeded" | "failed" | "cancelled",
    outcome: { readonly result?: Json; readonly error?: ErrorRecord },
  ): Promise<OperationRecord>;
  requestCancel(id: string): Promise<OperationRecord>;
  /** Queued, running or compensating, oldest first. */
  unfinished(): Promise<readonly OperationRecord[]>;
  /** @throws NOT_FOUND */
  get(id: string): Promise<OperationRecord>;
  list(page: PageRequest, filter?: OperationFilter): Promise<Page<OperationRecord>>;
  /** Not a commit point by itself: progress may be lost with a crash. */
  progress(operationId: string, type: OperationEvent["type"], data: Json): Promise<void>;
  events(after: number, operationId?: string, limit?: number): Promise<readonly OperationEvent[]>;
  /** Called after an event is stored. Answers the function that unsubscribes. */
  subscribe(listener: (event: OperationEvent) => void): () => void;
}

export interface AuditLog {
  append(entry: Omit<AuditRecord, "seq">): Promise<void>;
  list(
    page: PageRequest,
    filter?: { readonly machineId?: string; readonly attachmentId?: string },
  ): Promise<Page<AuditRecord>>;
}

export interface TokenStore {
  /** The plain token is answered once and never again. */
  create(name: string, role: Role): Promise<{ readonly token: string; readonly record: TokenRecord }>;
  /** Constant-time by SHA-256. Undefined when unknown. */
  find(token: string): Promise<TokenRecord | undefined>;
  list(): Promise<readonly TokenRecord[]>;
  /** Another token under the same record, as if never used; the one before is refused from now on. @throws NOT_FOUND */
  renew(id: string): Promise<{ readonly token: string; readonly record: TokenRecord }>;
  /** @throws NOT_FOUND, INVALID_REQUEST when it is the last one of an admin */
  remove(id: string): Promise<void>;
}

/** Rows of the image store; the bytes are files. Implemented in store/, used by images/. */
export interface ImageCatalog {
  put(image: Omit<ImageRecord, "references" | "published">): Promise<void>;
  get(digest: string): Promise<ImageRecord | undefined>;
  list(page: PageRequest): Promise<Page<ImageRecord>>;
  remove(digest: string): Promise<void>;
  /** `holder` is an attachment id or `manual`. Idempotent. */
  hold(digest: string, holder: string): Promise<void>;
  /** Answers the digests that now have no holder. */
  release(holder: string): Promise<readonly string[]>;
  holders(digest: string): Promise<readonly string[]>;
  /** Every holder of any image, once. */
  allHolders(): Promise<readonly string[]>;
  /** Unheld and unpublished, least recently used first. */
  evictable(): Promise<readonly ImageRecord[]>;
  touch(digest: string, at: number): Promise<void>;
}

/** Named credentials of image origins, sealed. Implemented in store/. */
export interface SourceCredentialStore {
  /** Adds it, or replaces the one of that name. */
  put(name: string, credential: SourceCredential, at: number): Promise<SourceCredentialRecord>;
  /** Unseals. @throws CREDENTIAL_NOT_FOUND */
  get(name: string): Promise<SourceCredential>;
  /** Ordered by name. */
  list(page: PageRequest): Promise<Page<SourceCredentialRecord>>;
  /** @throws CREDENTIAL_NOT_FOUND */
  remove(name: string): Promise<void>;
}

/** The keys of sealed image files, sealed themselves. Implemented in store/, used by images/. */
export interface ImageKeys {
  /** Durable when it resolves. */
  put(id: string, key: Buffer): Promise<void>;
  /** Undefined once destroyed. */
  get(id: string): Promise<Buffer | undefined>;
  /** Durable when it resolves: nobody is given them any more. What is left of them in the database's files goes soon after. Idempotent. */
  destroy(ids: readonly string[]): Promise<void>;
  /**
   * Waits until no copy of what was destroyed before is in the database's files, for two seconds at most: another process that reads the
   * database, such as a backup, holds that back as long as it reads. It is then done as soon as that process lets it be, without being
   * asked again, and at the next start.
   */
  scrubbed(): Promise<void>;
  ids(): Promise<readonly string[]>;
}

/** A published URL. `token` is a bearer secret: sealed in the store, never logged. */
export interface PublicationRecord {
  readonly token: string;
  readonly fileName: string;
  readonly digest: string;
  readonly attachmentId: string;
  readonly machineId: string;
  readonly url: string;
  /** The addresses that may read it, by policy; empty when the BMC's address could not be resolved. */
  readonly bmcAddresses: readonly string[];
  readonly createdAt: number;
  readonly terms?: PublicationTerms;
  /** Its terms have ended: nothing is served under it any more, though its attachment lives on. */
  readonly endedAt?: number;
  readonly withdrawnAt?: number;
}

export interface PublicationCatalog {
  /** Durable before it resolves. At most one live publication per attachment. */
  put(publication: PublicationRecord): Promise<void>;
  live(): Promise<readonly PublicationRecord[]>;
  /** Its terms have ended. Idempotent. */
  end(attachmentId: string, at: number): Promise<void>;
  /** Takes an end back. Idempotent. */
  reopen(attachmentId: string): Promise<void>;
  /** Marks withdrawn and destroys the sealed token; the reads stay. */
  withdraw(attachmentId: string, at: number): Promise<void>;
  addReads(attachmentId: string, reads: readonly ReadRecord[]): Promise<void>;
  /** Those of the attachment's newest publication. */
  reads(attachmentId: string): Promise<readonly ReadRecord[]>;
}

/** Who read which bytes and when; adjacent requests of one reader are joined. `[from, to)` is what was really sent. */
export interface ReadRecord {
  readonly remote: string;
  readonly method: "HEAD" | "GET";
  readonly from: number;
  readonly to: number;
  readonly requests: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** Full reads of the image before these; kept only where the publication's terms count them. */
  readonly fullReads?: number;
  /** A request among these began behind what had been sent from the image's first byte on. */
  readonly ahead?: boolean;
  /** A request among these got so much at once that it does not tell which of the image's files was wanted. */
  readonly wide?: boolean;
  /** By somebody who is not the publication's BMC. */
  readonly stranger?: boolean;
  /**
   * How often the medium had settled before these. Each time, a record of no request says so: `to` is how far a download in order had come;
   * with `wide` the BMC has all of that.
   */
  readonly phase?: number;
}

// ---- images --------------------------------------------------------------------------------------------------------

export type Source =
  /** May hold credentials; sealed wherever it is kept. `credential` names one of the store. */
  | { readonly kind: "uri"; readonly uri: string; readonly credential?: string }
  /** Base64 text, of an image or of a gzipped image. */
  | { readonly kind: "blob"; readonly base64: string }
  /** To be built by us. */
  | { readonly kind: "configdrive"; readonly drive: DriveRequest }
  /** Already in our store. */
  | { readonly kind: "image"; readonly digest: string };

export interface EnsureImage {
  readonly source: Source;
  readonly role: AttachmentRole;
  readonly expectedDigest?: string;
  /** Who needs it: an attachment id, or `manual`. Held before this resolves. */
  readonly holder: string;
  readonly signal: AbortSignal;
  onProgress?(receivedBytes: number, totalBytes?: number): void;
}

export interface RepackImage {
  readonly digest: string;
  readonly format: ImageFormat;
  /** The medium takes no more. */
  readonly mostBytes?: number;
  /** Of the medium; default 512 for FAT. */
  readonly sectorBytes?: 512 | 4096;
  readonly holder: string;
  readonly signal: AbortSignal;
}

/** Implemented in images/. */
export interface Images {
  /**
   * The image is in the store and held when this resolves. One download per source, however many ask at once;
   * later its origin is asked whether it changed.
   * @throws SOURCE_FORBIDDEN, SOURCE_UNSUPPORTED, SOURCE_UNREACHABLE, SOURCE_REFUSED, IMAGE_TOO_LARGE, IMAGE_INVALID, IMAGE_DIGEST_MISMATCH, IMAGE_NOT_FOUND
   */
  ensure(request: EnsureImage): Promise<ImageRecord>;
  /** Refuses what can be refused without a connection. @throws SOURCE_UNSUPPORTED, SOURCE_FORBIDDEN, INVALID_REQUEST */
  check(source: Source): void;
  /** Drops the holder; images nobody holds are deleted from the disk when this resolves. Idempotent. */
  release(holder: string): Promise<void>;
  /** At start: drops every holder that `keeps` does not vouch for, and deletes what then nobody holds. */
  sweep(keeps: (holder: string) => boolean): Promise<void>;
  get(digest: string): Promise<ImageRecord>;
  list(page: PageRequest): Promise<Page<ImageRecord>>;
  /** Into a stored image; what was seen is remembered. Undefined for one whose files are not of our concern (larger than a config drive may be). @throws IMAGE_NOT_FOUND, IMAGE_INVALID */
  look(digest: string): Promise<ImageLook | undefined>;
  /** The same tree in another form, stored and held when this resolves; equal requests give equal bytes. @throws IMAGE_NOT_FOUND, IMAGE_INVALID, IMAGE_DOES_NOT_FIT */
  repack(request: RepackImage): Promise<ImageRecord>;
  /** Releases `manual`. @throws IMAGE_NOT_FOUND, MACHINE_BUSY when an attachment needs it */
  remove(digest: string): Promise<void>;
}

/** How long, how often and to whom a publication is served; absent members limit nothing. */
export interface PublicationTerms {
  readonly expiresAt?: number;
  /** The time from which `expiresAt` was made: what replaces the image has it anew. */
  readonly expiresInMs?: number;
  /**
   * Full reads of the image by its BMC until it is no longer served; 1 is one-time. A full read is over when every byte was sent since the one
   * before, in whatever pieces and however often a piece. They count once the medium has settled.
   */
  readonly fullReads?: number;
  /** Refuses everybody but the BMC, whatever the image plane's policy. */
  readonly onlyBmc?: boolean;
}

/** With the rules of the BMC for its URL. */
export interface PublishRequest extends UrlRules {
  readonly attachmentId: string;
  readonly machineId: string;
  readonly digest: string;
  /** `.iso` or `.img`. */
  readonly extension: "iso" | "img";
  /** The BMC's host name or address, from its endpoint. */
  readonly bmcHost: string;
  /** The endpoint's override of our host in the URL. */
  readonly imageHost?: string;
  readonly terms?: PublicationTerms;
}

/** Implemented in images/. */
export interface Publications {
  /**
   * Idempotent per attachment: a live publication is answered again, one whose terms have ended is replaced, under another token. Durable
   * before it resolves. @throws UNSUPPORTED_BY_BMC (we have no URL that its rules allow), INVALID_REQUEST (terms that are over already),
   * BMC_UNREACHABLE (no such name; for the BMC alone, whose address is not known)
   */
  publish(request: PublishRequest): Promise<PublicationRecord>;
  /** A URL as `publish` would make it; nothing is served there. @throws what `publish` throws for such a BMC */
  preview(request: Omit<PublishRequest, "attachmentId" | "machineId" | "digest">): Promise<string>;
  /** Until it is withdrawn, with `endedAt` once its terms have ended. */
  find(attachmentId: string): PublicationRecord | undefined;
  /** Has the URL the form, host and port of those that we publish for a BMC with this override of our host? Whatever became of it. */
  isOurs(url: string, imageHost?: string): boolean;
  /** Has the URL the form of ours, whatever its host and port? Other gateways publish such too. */
  isAlike(url: string): boolean;
  /** From now on its URL is 404 and running transfers of it are cut. Idempotent. */
  withdraw(attachmentId: string): Promise<void>;
  /**
   * The BMC has confirmed the medium, or the machine was reset: what was read until now (the BMC's own probes) is no proof that the host read
   * it, and part of no full read. A whole download in order stays one. Durable; nothing for an attachment without a publication.
   */
  settled(attachmentId: string): Promise<void>;
  reads(attachmentId: string): Promise<ReadSummary>;
  /** What is left of its terms now; `over` once they have ended, undefined where it has none or is not published. */
  termsLeft(attachmentId: string): Promise<PublicationTerms | "over" | undefined>;
  /** All that are not withdrawn. */
  list(): readonly PublicationRecord[];
}

// ---- profiles ------------------------------------------------------------------------------------------------------

export interface ProfileMatch {
  /** `vendor/product`, or `generic`. */
  readonly id: string;
  /** Which rules matched and which quirks act, for people. */
  readonly why: readonly string[];
  /** Merged raw sections per protocol; the driver's quirk table parses them. */
  readonly quirks: Readonly<Partial<Record<ProtocolName, Readonly<Record<string, unknown>>>>>;
}

export interface Evidence {
  readonly source: string;
  readonly date: string;
  readonly firmwareSeen: string;
  readonly confidence: Confidence;
}

/** One quirk of a profile: its value, its reason, and where it is written. */
export interface ProfileQuirk {
  readonly protocol: ProtocolName;
  readonly section: string;
  readonly key: string;
  readonly value: Json;
  readonly why: string;
  readonly evidence: Evidence;
  /** The file is `<profile>.json` of the shipped folder or of the site's. */
  readonly profile: string;
  readonly origin: ProfileOrigin;
  /** For which firmware only, for people; absent: for all. */
  readonly firmware?: string;
}

export interface ProfileSummary {
  readonly id: string;
  readonly title: string;
  /** What most of it rests on. */
  readonly confidence?: Confidence;
  readonly origins: readonly ProfileOrigin[];
}

/** All that is known of one BMC family. */
export interface ProfileView extends ProfileSummary {
  readonly priority: number;
  /** Its match rules, for people; any of them is enough. */
  readonly rules: readonly string[];
  /** Where sources are weak or contradict each other. */
  readonly notes: readonly string[];
  /** Of its own files, in the order in which they win over each other. */
  readonly quirks: readonly ProfileQuirk[];
}

/** Why a BMC is handled as it is. */
export interface ProfileExplanation extends ProfileSummary {
  /** The rule that held; absent when no family matches. */
  readonly rule?: string;
  readonly notes: readonly string[];
  /** What acts, one entry a quirk. */
  readonly quirks: readonly ProfileQuirk[];
}

/** Implemented in profiles/. */
export interface Profiles {
  match(identity: Identity): ProfileMatch;
  explain(identity: Identity): ProfileExplanation;
  /** Ordered by id. */
  list(): readonly ProfileSummary[];
  /** @throws NOT_FOUND */
  get(id: string): ProfileView;
}

// ---- recordings ----------------------------------------------------------------------------------------------------

export interface RecordRequest {
  /** Reads one resource. One at a time. */
  read(path: string): Promise<ResourceAnswer>;
  readonly identity: Identity;
  /** What must not be in a recording wherever it stands: our account there, the BMC's address. */
  readonly secrets: readonly string[];
  /** Called after each read: how many there were, and how many are known to come. */
  onProgress?(read: number, left: number): void;
}

/** What a BMC shows of itself, without its secrets, as the files of a fixture. */
export interface Recording {
  readonly files: Readonly<Record<RecordingFile, string>>;
  readonly resources: number;
  /** What could not be read. */
  readonly notes: readonly string[];
}

/** Implemented in recording/. */
export interface Recorder {
  /** Reads only. @throws MediabayError UNSUPPORTED_BY_BMC and what `read` throws */
  record(request: RecordRequest): Promise<Recording>;
}

/** Implemented by drivers/registry.ts. */
export type Protocols = ReadonlyMap<ProtocolName, Protocol>;

// ---- operations ----------------------------------------------------------------------------------------------------

export interface StepContext {
  /** 1 at first; more when an earlier attempt failed or a crash interrupted it: its effects may exist. */
  readonly attempt: number;
  readonly signal: AbortSignal;
  readonly progress: (data: Json) => void;
}

export interface OperationContext {
  readonly operation: OperationRecord;
  readonly input: Json;
  readonly signal: AbortSignal;
  /** True while compensating or resumed after a crash. */
  readonly resumed: boolean;
  /**
   * Runs `run` once and journals its output; after a crash a finished step answers its journalled output without running.
   * Errors whose table entry says `soon` are retried with back-off. `undo` runs, in reverse order of steps, when the operation fails or
   * is cancelled, also for a step that was only begun (`output` undefined). `T` is plain JSON: what a restart gives back must equal it.
   */
  step<T>(
    name: string,
    title: string,
    run: (step: StepContext) => Promise<T>,
    undo?: (output: T | undefined, signal: AbortSignal) => Promise<void>,
  ): Promise<T>;
  warn(text: string): void;
  /** Runs `release` once, when the operation needs it no more: after its last step or its last undo, and before it ends. */
  defer(release: () => Promise<void>): void;
}

/** A use case as the runner sees it. Runs again from its top after a crash; only steps have effects. */
export type OperationHandler = (context: OperationContext) => Promise<Json>;

/** Implemented in operations/. */
export interface Operations {
  /** Accepts durably, then queues: one at a time per machine, in order; machines in parallel up to the bound. */
  submit(
    operation: NewOperation,
    attachment?: AttachmentRecord,
  ): Promise<{ readonly operation: OperationRecord; readonly created: boolean }>;
  cancel(id: string): Promise<OperationRecord>;
  /** The operation once it has ended, or as it is after `timeoutMs`. */
  wait(id: string, timeoutMs: number, signal?: AbortSignal): Promise<OperationRecord>;
  /** True while an operation of this machine is queued or running. */
  busy(machineId: string): boolean;
}
