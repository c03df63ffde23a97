// What this session knows of its BMC: remembered or learnt now. What was remembered is believed until the BMC contradicts it, once.
import type { Clock, Endpoint, Identity, Json } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import { type Learnt, type Remembered, toMemory } from "./memory.ts";

export interface Knowledge {
  readonly learnt: Learnt;
  readonly identity: Identity;
  /** True while nothing but memory vouches for it. */
  readonly remembered: boolean;
  update(change: Partial<Learnt>): void;
  /** They are other ones now. */
  forgetSlots(): void;
  /** Runs `work`; where it fails on something remembered, learns everything anew and runs it once more. */
  revalidating<T>(work: () => Promise<T>): Promise<T>;
  toMemory(): Json;
}

export interface KnowledgeOptions {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  /** Undefined when nothing usable is remembered. */
  readonly remembered: Remembered | undefined;
  /** Asks the BMC. */
  readonly learn: () => Promise<Learnt>;
  /** Asks the BMC which firmware it runs now; undefined when it does not say. */
  readonly firmware: (learnt: Learnt) => Promise<string | undefined>;
  /** Called with what is known from now on, before anything uses it. */
  readonly adopt: (learnt: Learnt) => void;
}

/** What a BMC answers where a remembered path is no longer what it was. */
const staleStatuses = new Set([400, 404, 405]);

/** A remembered slot that answers, but is another now. */
export const changedShape = (path: string): MediabayError =>
  new MediabayError("BMC_INCONSISTENT", `${path} is no longer what it was when it was remembered.`, {
    protocol: "redfish",
    uri: path,
    stale: true,
  });

/** A 400 with a meaning of its own is no sign of age. */
const isStale = (error: unknown): boolean => {
  if (!(error instanceof MediabayError)) return false;
  const { status, stale } = error.context;
  if (stale === true) return true;
  if (status === 400) return error.code === "BMC_REJECTED";
  return status !== undefined && staleStatuses.has(status);
};

/** The failure that is worth telling is the one that raised the question. */
const unlessTold = (error: unknown): undefined => {
  if (!(error instanceof MediabayError)) throw error;
};

/** A refusal, or a promise not kept, that a new firmware would explain: old paths may still answer, and fail. */
const isDoubtful = (error: unknown): boolean =>
  error instanceof MediabayError &&
  (error.code === "BMC_INCONSISTENT" ||
    ((error.code === "BMC_REJECTED" || error.code === "UNSUPPORTED_BY_BMC") && error.context.status !== undefined));

export const createKnowledge = async (options: KnowledgeOptions): Promise<Knowledge> => {
  const { endpoint, clock, learn, firmware, adopt } = options;
  let remembered = options.remembered !== undefined;
  let current = options.remembered ?? { learnt: await learn(), savedAt: clock.now() };
  adopt(current.learnt);

  const relearn = async (): Promise<void> => {
    current = { learnt: await learn(), savedAt: clock.now() };
    remembered = false;
    adopt(current.learnt);
  };

  let firmwareIsKnown = false;

  const hasNewFirmware = async (): Promise<boolean> => {
    if (firmwareIsKnown) return false;
    firmwareIsKnown = true;
    const before = current.learnt.identity.firmwareVersion;
    const now = await firmware(current.learnt).catch(unlessTold);
    return before !== undefined && now !== undefined && before !== now;
  };

  return {
    get learnt() {
      return current.learnt;
    },
    get identity() {
      return current.learnt.identity;
    },
    get remembered() {
      return remembered;
    },
    update: (change) => {
      current = { ...current, learnt: { ...current.learnt, ...change } };
    },
    forgetSlots: () => {
      const { slots: _slots, ...learnt } = current.learnt;
      current = { ...current, learnt };
    },
    revalidating: async (work) => {
      try {
        return await work();
      } catch (error) {
        if (!remembered) throw error;
        const isOld = isStale(error) || (isDoubtful(error) && (await hasNewFirmware()));
        if (!isOld) throw error;
      }
      await relearn();
      return await work();
    },
    toMemory: () => toMemory(current, endpoint),
  };
};
