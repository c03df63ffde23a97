// What the gateway is made of: ports only, so that any store, queue or protocol can stand behind it.
import type { Clock, Exchange } from "../core/driver.ts";
import type {
  AttachmentStore,
  AuditLog,
  Images,
  Journal,
  Log,
  MachineStore,
  Operations,
  Profiles,
  Protocols,
  Publications,
  Recorder,
  SourceCredentialStore,
} from "../core/ports.ts";
import type { Destructive } from "../core/vocabulary.ts";

export interface GatewayDeps {
  readonly machines: MachineStore;
  readonly attachments: AttachmentStore;
  readonly journal: Journal;
  readonly auditLog: AuditLog;
  readonly images: Images;
  readonly publications: Publications;
  readonly profiles: Profiles;
  readonly protocols: Protocols;
  readonly clock: Clock;
  readonly log: Log;
  /** Called for each request to a BMC, for the metrics. */
  onExchange?(exchange: Exchange): void;
  /** PEM of the CA behind our https publications, for BMCs that take one. */
  readonly imageCa?: string;
  /** Destructive steps that a driver may take; absent means none. */
  readonly allow?: ReadonlySet<Destructive>;
  /** Default deadline of an operation, from its acceptance. */
  readonly deadlineMs: number;
}

/** The deps of what north sides ask for. */
export interface SubmittingDeps extends GatewayDeps {
  readonly credentials: SourceCredentialStore;
  readonly recorder: Recorder;
  readonly operations: Operations;
}
