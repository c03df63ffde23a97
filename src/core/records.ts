// Records as the store keeps them and the north sides show them. Dates are epoch milliseconds inside, ISO 8601 in REST.
// Nothing here holds a secret: credentials and source URIs with credentials live sealed in the store.
import type { BootOverride, Identity, Json, SlotState, TlsPolicy } from "./driver.ts";
import type { ErrorRecord } from "./errors.ts";
import type { PublicationTerms } from "./ports.ts";
import type {
  AttachmentRole,
  AttachmentState,
  DetachTime,
  ImageFormat,
  MediaType,
  OperationKind,
  OperationState,
  ProtocolName,
  ReadPattern,
  RearmTime,
  ResetType,
  Role,
  StepState,
} from "./vocabulary.ts";

/** An endpoint without its credentials. `hasCredentials` says that some are sealed in the store. */
export interface EndpointRecord {
  readonly protocol: ProtocolName | "auto";
  readonly address: string;
  readonly tls: TlsPolicy;
  readonly system?: string;
  /** Host or IP under which this BMC reaches our image plane, where the automatic choice is wrong. */
  readonly imageHost?: string;
  readonly hasCredentials: boolean;
}

export interface MachineRecord {
  readonly id: string;
  /** Unique; `[A-Za-z0-9][A-Za-z0-9._-]{0,62}`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly endpoints: readonly EndpointRecord[];
  readonly identity?: Identity;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What a source is, safe to show: the scheme and the redacted URI. */
export interface SourceRecord {
  readonly kind: "uri" | "blob" | "configdrive" | "image";
  /** Redacted URI, `blob`, `configdrive`, or `image:<digest>`. */
  readonly display: string;
}

export interface ImageRecord {
  /** SHA-256 in lower-case hexadecimal: the image's name. */
  readonly digest: string;
  readonly sizeBytes: number;
  readonly format: ImageFormat;
  readonly label?: string;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  /** Attachments that need it; it is collected when none do. */
  readonly references: number;
  readonly published: number;
}

/** A half-open run of bytes that a BMC read: `[from, to)`. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** By anybody but the BMC; what was refused, with no bytes. */
export interface StrangerReads {
  readonly requests: number;
  readonly bytesSent: number;
  readonly remotes: readonly string[];
}

/**
 * What the BMC read; where its address is not known, what anybody read. Pattern and files go by what it read since the medium was in, or since
 * the machine was last reset by us.
 */
export interface ReadSummary {
  readonly requests: number;
  readonly bytesSent: number;
  /** Distinct bytes read at least once. */
  readonly coveredBytes: number;
  /** In order, at most 256. */
  readonly coverage: readonly ByteRange[];
  /** How many more ranges there are; absent where all are listed. */
  readonly coverageLeftOut?: number;
  readonly firstReadAt?: number;
  readonly lastReadAt?: number;
  readonly remotes: readonly string[];
  readonly pattern?: ReadPattern;
  /** Distinct bytes that pattern and files go by. */
  readonly settledBytes?: number;
  readonly strangers?: StrangerReads;
  /**
   * Of an image whose files we know, at most 256: first those that cloud-init reads. With the pattern `download` they say what the BMC has,
   * not what the host read.
   */
  readonly files?: readonly FileReads[];
  /** How many more it has; absent where all are listed. */
  readonly filesLeftOut?: number;
}

/** How much of one file inside the image was sent. */
export interface FileReads {
  readonly path: string;
  readonly sizeBytes: number;
  readonly readBytes: number;
  readonly firstReadAt?: number;
  /** When its last missing byte was sent; an empty file is complete when it cannot be otherwise, without a date. */
  readonly completeAt?: number;
}

/** When an attachment is detached by itself. */
export interface DetachRule {
  readonly at: DetachTime;
  /** `read`: so long after the last read, once all that cloud-init needs was read. `timer`: so long after the attach. */
  readonly afterMs?: number;
}

export interface AttachmentRecord {
  readonly id: string;
  readonly machineId: string;
  readonly machineName: string;
  readonly role: AttachmentRole;
  readonly state: AttachmentState;
  readonly source: SourceRecord;
  readonly digest?: string;
  readonly sizeBytes?: number;
  readonly format?: ImageFormat;
  /** The way taken: the slot, and as what. */
  readonly slot?: string;
  readonly mediaType?: MediaType;
  /** What the BMC showed after insert. */
  readonly observed?: SlotState;
  readonly observedAt?: number;
  /** This BMC drops a medium that nobody reads for so long: we look twice as often, and insert it again. */
  readonly idleUnmountMs?: number;
  readonly boot?: BootOverride;
  /** Set where the BMC does not keep `boot`: it is then set again by the power operations of this machine. */
  readonly rearm?: RearmTime;
  readonly reset?: ResetType;
  readonly reads?: ReadSummary;
  readonly detachOn?: DetachRule;
  /** When the BMC had confirmed it. */
  readonly attachedAt?: number;
  /** Of one with the rule `boot`: when its machine first started with it. */
  readonly bootedAt?: number;
  /** The machine's last reset by the BMC's own clock, as it was when we began to wait for the next. */
  readonly lastResetAt?: number;
  /** The terms that its publication was given. */
  readonly terms?: PublicationTerms;
  /** After a detach that could not see to it: the BMC may still hold our medium in this slot. */
  readonly leftIn?: string;
  /** SHA-256 of that medium's URL: it is known by this, whatever our address has become. */
  readonly leftMark?: string;
  readonly warnings: readonly string[];
  readonly error?: ErrorRecord;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly operationId: string;
}

export interface StepRecord {
  readonly name: string;
  readonly title: string;
  readonly state: StepState;
  readonly attempts: number;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly error?: ErrorRecord;
}

export interface OperationRecord {
  readonly id: string;
  readonly kind: OperationKind;
  readonly machineId: string;
  readonly machineName: string;
  readonly attachmentId?: string;
  readonly state: OperationState;
  readonly steps: readonly StepRecord[];
  readonly result?: Json;
  readonly error?: ErrorRecord;
  readonly cancelRequested: boolean;
  readonly deadlineAt?: number;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
}

/** One thing that happened in an operation; `seq` grows over all operations and is the SSE event id. */
export interface OperationEvent {
  readonly seq: number;
  readonly operationId: string;
  readonly at: number;
  readonly type: "state" | "step" | "progress" | "warning";
  readonly data: Json;
}

export interface AuditRecord {
  readonly seq: number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly machineId?: string;
  readonly machineName?: string;
  readonly attachmentId?: string;
  readonly digest?: string;
  readonly detail: Json;
}

export interface TokenRecord {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly lastUsedAt?: number;
}

/** Who asks: the token's name and role, or the process itself. */
export interface Actor {
  readonly name: string;
  readonly role: Role;
}

/** A page of a listing. `next` is the opaque cursor of the following page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}
