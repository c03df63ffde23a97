// Makes the BMC ready to take media: once for a machine, and again when it did not help.
import { createHash } from "node:crypto";
import type { PlannedRequest } from "../../../core/media.ts";
import type { Knowledge } from "../knowledge.ts";
import { pendingSteps, runSteps } from "../service/steps.ts";
import type { Service } from "../service/service.ts";
import { pathsOf } from "./places.ts";

/** Other steps of a changed profile are other work. */
const fingerprintOf = (steps: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(steps)).digest("hex").slice(0, 16);

/** Answers the number of requests it took. What fails has not been done: the next insert begins with it. */
export const prepare = async (service: Service, knowledge: Knowledge, again: boolean): Promise<number> => {
  const { steps } = service.quirks.prepare;
  const fingerprint = fingerprintOf(steps);
  if (steps.length === 0 || (knowledge.learnt.prepared === fingerprint && !again)) return 0;
  const before = service.exchanges;
  forgetPrepared(knowledge);
  await knowledge.revalidating(() => runSteps(service, steps, pathsOf(knowledge)));
  knowledge.update({ prepared: fingerprint });
  knowledge.forgetSlots();
  return service.exchanges - before;
};

/** The requests that the BMC's present state asks for. */
export const preparation = (service: Service, knowledge: Knowledge): Promise<readonly PlannedRequest[]> =>
  pendingSteps(service, service.quirks.prepare.steps, pathsOf(knowledge));

export const forgetPrepared = (knowledge: Knowledge): void => {
  if (knowledge.learnt.prepared !== undefined) knowledge.update({ prepared: "" });
};
