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
} from "../core/ports.ts";

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
  /** Default deadline of an operation, from its acceptance. */
  readonly deadlineMs: number;
}

/** The deps of the use cases that submit operations. */
export interface SubmittingDeps extends GatewayDeps {
  readonly operations: Operations;
}
