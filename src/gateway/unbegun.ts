// What came with a request is stored before the work is accepted. Work that ends before its first step undoes nothing, and gives it back here.
import { MediabayError } from "../core/errors.ts";
import type { OperationContext, OperationHandler } from "../core/ports.ts";
import type { OperationRecord } from "../core/records.ts";
import type { GatewayDeps } from "./deps.ts";

type Deps = Pick<GatewayDeps, "images" | "log">;

/** For where something else is to be told than a release that failed: what is not released now is swept at the next start. */
export const releaseQuietly = async ({ images, log }: Deps, holder: string): Promise<void> => {
  try {
    await images.release(holder);
  } catch (error) {
    log.warn({ holder, error: error instanceof Error ? error.message : "unknown" }, "stored bytes were not released");
  }
};

/** The attachment of a replacement lives on, with its own bytes. */
const holderOf = ({ id, kind, attachmentId }: OperationRecord): string | undefined =>
  kind === "replace" ? id : kind === "attach" ? attachmentId : undefined;

const release = async (deps: Deps, operation: OperationRecord): Promise<void> => {
  const holder = holderOf(operation);
  if (holder !== undefined) await releaseQuietly(deps, holder);
};

/** Of an operation that was cancelled before anybody claimed it. */
export const releaseUnclaimed = async (deps: Deps, operation: OperationRecord): Promise<OperationRecord> => {
  if (operation.state === "cancelled" && operation.startedAt === undefined) await release(deps, operation);
  return operation;
};

/** Of one that was claimed, and cancelled or out of time before its first step. One that we only stop is resumed, and keeps its bytes. */
export const releasingUnbegun =
  (deps: Deps, handler: OperationHandler): OperationHandler =>
  async (context) => {
    let begun = context.resumed;
    const step: OperationContext["step"] = (name, title, run, undo) => {
      const beginning: typeof run = (within) => {
        begun = true;
        return run(within);
      };
      return context.step(name, title, beginning, undo);
    };
    try {
      return await handler({ ...context, step });
    } catch (error) {
      const reason: unknown = context.signal.reason;
      if (!begun && reason instanceof MediabayError) await release(deps, context.operation);
      throw error;
    }
  };
