// The one interface that every north side (REST, CLI through REST, console, Redfish service) calls. Implemented in src/gateway/.
import type { BootOverride, Credentials, Identity, Slot, TlsPolicy } from "./driver.ts";
import type {
  AttachmentFilter,
  OperationFilter,
  PageRequest,
  ProfileExplanation,
  ProfileSummary,
  ProfileView,
  Recording,
  Source,
} from "./ports.ts";
import type { ProbeReport } from "./probe.ts";
import type {
  Actor,
  AttachmentRecord,
  AuditRecord,
  DetachRule,
  ImageRecord,
  MachineRecord,
  OperationEvent,
  OperationRecord,
  Page,
} from "./records.ts";
import type { SourceCredential, SourceCredentialRecord } from "./source-credentials.ts";
import type { AttachmentRole, BootTarget, PowerState, ProtocolName, ResetType } from "./vocabulary.ts";

export interface NewEndpoint {
  readonly protocol?: ProtocolName | "auto";
  readonly address: string;
  /** Absent on update keeps what is sealed; null removes it. */
  readonly credentials?: Credentials | null;
  readonly tls?: Partial<TlsPolicy>;
  readonly system?: string;
  readonly imageHost?: string;
}

export interface NewMachine {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly endpoints: readonly NewEndpoint[];
}

export interface MachineChange {
  readonly name?: string;
  /** Replaces all labels. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly endpoints?: readonly NewEndpoint[];
}

export interface RequestOptions {
  readonly actor: Actor;
  readonly idempotencyKey?: string;
  /** From acceptance; default 10 minutes. */
  readonly deadlineMs?: number;
}

export interface AttachRequest {
  readonly source: Source;
  /** Default `configdrive`. */
  readonly role?: AttachmentRole;
  readonly digest?: string;
  /** One-time or lasting boot from the medium. Default: `once` for role `boot`, `none` for `configdrive`. */
  readonly boot?: "once" | "continuous" | "none";
  /** Reset the machine once the medium is in and the override is set: true picks ForceRestart, or On when it is off. */
  readonly reset?: boolean | ResetType;
  /** A slot by id, instead of the automatic choice. */
  readonly slot?: string;
  /** Replace somebody else's medium if it is in the way. Default false. */
  readonly force?: boolean;
  /** After a reset: fail with MEDIUM_NOT_READ if the BMC has read nothing after this long. 0 does not watch. Default 300,000 with reset, else 0. */
  readonly readWithinMs?: number;
  /** Of its publication. */
  readonly terms?: { readonly expiresInMs?: number; readonly fullReads?: number; readonly onlyBmc?: boolean };
  /** Default never. */
  readonly detachOn?: DetachRule;
  /** A deploy agent may have been booted on this machine: refuse a config drive unless the machine is off. Default false. */
  readonly expectAgent?: boolean;
}

export interface ReplaceRequest {
  readonly source: Source;
  readonly digest?: string;
  /** As in `AttachRequest`. */
  readonly expectAgent?: boolean;
}

export interface Accepted {
  readonly operation: OperationRecord;
  readonly attachment?: AttachmentRecord;
  /** False when an idempotency key answered an earlier request. */
  readonly created: boolean;
}

export interface BootView {
  readonly override: BootOverride;
  readonly targets: readonly BootTarget[];
}

export interface PowerView {
  readonly state: PowerState;
  readonly resetTypes: readonly ResetType[];
}

export interface MediaView {
  /**
   * With `attachmentId` where the medium is ours; `leftover` where it was ours, and nothing is served under its URL any more; `alike` where
   * its URL has the form of ours, but no address of ours.
   */
  readonly slots: readonly (Slot & {
    readonly attachmentId?: string;
    readonly leftover?: true;
    readonly alike?: true;
  })[];
}

/** Why a machine's BMC is handled as it is. */
export interface MachineProfile extends ProfileExplanation {
  /** Its name. */
  readonly machine: string;
  readonly identity: Identity;
}

export type ProbeTarget = { readonly machine: string } | { readonly endpoint: NewEndpoint };

export interface RecordOptions extends RequestOptions {
  /** Gives it up. */
  readonly signal?: AbortSignal;
  /** Called after each read: how many there were, and how many are known to come. */
  onProgress?(read: number, left: number): void;
}

export interface IngestOptions extends RequestOptions {
  /** Default `configdrive`. */
  readonly role?: AttachmentRole;
  readonly digest?: string;
  /** Gives it up; the fetch goes on while somebody else waits for it. */
  readonly signal?: AbortSignal;
}

export interface Gateway {
  createMachine(machine: NewMachine, options: RequestOptions): Promise<MachineRecord>;
  getMachine(idOrName: string): Promise<MachineRecord>;
  updateMachine(idOrName: string, change: MachineChange, options: RequestOptions): Promise<MachineRecord>;
  /** @throws MACHINE_BUSY while it has an operation or a live attachment and `force` is not set */
  removeMachine(idOrName: string, options: RequestOptions & { readonly force?: boolean }): Promise<void>;
  listMachines(page: PageRequest, labels?: Readonly<Record<string, string>>): Promise<Page<MachineRecord>>;

  attach(machine: string, request: AttachRequest, options: RequestOptions): Promise<Accepted>;
  /** Without an attachment id: every live attachment of the machine. Idempotent: nothing attached is success. */
  detach(
    machine: string,
    attachmentId: string | undefined,
    options: RequestOptions & {
      /** Withdraw and wipe even if the BMC cannot be reached; what it may still hold is said in a warning. */
      readonly force?: boolean;
    },
  ): Promise<Accepted>;
  /** New bytes under a new URL in the same slot. Where that fails, the former medium is in again. @throws NOT_FOUND */
  replace(attachmentId: string, request: ReplaceRequest, options: RequestOptions): Promise<Accepted>;
  getAttachment(id: string): Promise<AttachmentRecord>;
  listAttachments(page: PageRequest, filter?: AttachmentFilter): Promise<Page<AttachmentRecord>>;

  getOperation(id: string): Promise<OperationRecord>;
  listOperations(page: PageRequest, filter?: OperationFilter): Promise<Page<OperationRecord>>;
  cancelOperation(id: string, options: RequestOptions): Promise<OperationRecord>;
  waitOperation(id: string, timeoutMs: number, signal?: AbortSignal): Promise<OperationRecord>;
  events(after: number, operationId?: string): Promise<readonly OperationEvent[]>;
  subscribe(listener: (event: OperationEvent) => void): () => void;

  media(machine: string): Promise<MediaView>;
  /** Ejects one slot. @throws SLOT_OCCUPIED when the medium is not ours and `force` is not set */
  ejectMedia(machine: string, slot: string, options: RequestOptions & { readonly force?: boolean }): Promise<Accepted>;
  boot(machine: string): Promise<BootView>;
  setBoot(machine: string, override: BootOverride, options: RequestOptions): Promise<Accepted>;
  power(machine: string): Promise<PowerView>;
  reset(machine: string, type: ResetType, options: RequestOptions): Promise<Accepted>;
  /** Read-only. Of a registered machine, or of an address that is not registered. */
  probe(target: ProbeTarget): Promise<ProbeReport>;
  /** Read-only: what the BMC shows, without secrets, as the files of a fixture. */
  record(target: ProbeTarget, options: RecordOptions): Promise<Recording>;

  /** Ordered by id. */
  listProfiles(page: PageRequest): Promise<Page<ProfileSummary>>;
  /** @throws NOT_FOUND */
  getProfile(id: string): Promise<ProfileView>;
  /** From what the BMC is known to be; one that was never spoken to is asked. */
  explainProfile(machine: string): Promise<MachineProfile>;

  ingestImage(source: Source, options: IngestOptions): Promise<ImageRecord>;
  getImage(digest: string): Promise<ImageRecord>;
  listImages(page: PageRequest): Promise<Page<ImageRecord>>;
  removeImage(digest: string, options: RequestOptions): Promise<void>;

  /** Adds it, or replaces the one of that name. */
  setCredential(name: string, credential: SourceCredential, options: RequestOptions): Promise<SourceCredentialRecord>;
  listCredentials(page: PageRequest): Promise<Page<SourceCredentialRecord>>;
  /** @throws CREDENTIAL_NOT_FOUND */
  removeCredential(name: string, options: RequestOptions): Promise<void>;

  audit(
    page: PageRequest,
    filter?: { readonly machineId?: string; readonly attachmentId?: string },
  ): Promise<Page<AuditRecord>>;
}
