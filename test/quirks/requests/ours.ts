// What an attach costs each BMC family in requests: cold, when nothing is known of the machine, and warm, a minute after it was detached.
import type { Slot } from "../../../src/core/driver.ts";
import { MediabayError } from "../../../src/core/errors.ts";
import type { MediaRules } from "../../../src/core/media.ts";
import type { Profiles } from "../../../src/core/ports.ts";
import { createUseCases } from "../../../src/gateway/gateway.ts";
import { type AttachWish, openRig, type Rig, type Site, type Stage } from "../rig.ts";
import { type Count, countRequests, wayOf } from "./counts.ts";

export interface Round {
  readonly cold: Count;
  readonly warm: Count;
}

export interface Attached {
  readonly way: string;
  /** Those that take a URL. */
  readonly slots: readonly Slot[];
  readonly rules: MediaRules;
  readonly transports: readonly string[];
  /** A config drive, until the BMC shows it. */
  readonly insert: Round;
  /** A boot image, until the BMC also shows the boot override. */
  readonly boot: Round;
}

export interface Refused {
  readonly refusal: MediabayError;
}

const site: Site = { http: true, knowsCa: true, allow: [] };
const onlyHttps: Site = { ...site, http: false };
const pauseMs = 60_000;
const bootWish: AttachWish = { role: "boot", boot: "once" };

interface Measured extends Round {
  readonly way: string;
  readonly scheme: string;
}

const once = async (rig: Rig, wish: AttachWish) => {
  rig.bmc.clearRequests();
  const known = rig.audit.length;
  const { id } = await rig.attach(wish);
  const log = rig.bmc.requests();
  const { protocol } = new URL(rig.urlOf(id) ?? "");
  await rig.detach(id);
  await rig.pass(pauseMs);
  return { count: countRequests(log, rig.audit.slice(known)), log, scheme: protocol.slice(0, -1) };
};

const twice = async (rig: Rig, wish: AttachWish): Promise<Measured> => {
  const { count: cold } = await once(rig, wish);
  const { count: warm, log, scheme } = await once(rig, wish);
  return { cold, warm, scheme, way: wayOf(log) };
};

const inventory = async (rig: Rig): Promise<{ readonly slots: readonly Slot[]; readonly rules: MediaRules }> => {
  const { conversations } = createUseCases(rig.deps);
  const { signal } = new AbortController();
  return conversations.converse("machine", { signal }, async ({ session: { media } }) => ({
    slots: ((await media?.slots()) ?? []).filter(({ urlCapable }) => urlCapable),
    rules: media?.rules ?? {},
  }));
};

export const measureOurs = async (stage: Stage, fixture: string, profiles: Profiles): Promise<Attached | Refused> => {
  const withRig = async <T>(at: Site, work: (rig: Rig) => Promise<T>): Promise<T> => {
    const rig = await openRig(stage, { fixture, profiles, site: at });
    try {
      return await work(rig);
    } finally {
      await rig.close();
    }
  };
  const takes = async (at: Site): Promise<readonly string[]> => {
    try {
      return [(await withRig(at, (rig) => once(rig, {}))).scheme];
    } catch (error) {
      if (error instanceof MediabayError && error.code === "UNSUPPORTED_BY_BMC") return [];
      throw error;
    }
  };
  try {
    const { insert, slots, rules } = await withRig(site, async (rig) => ({
      insert: await twice(rig, {}),
      ...(await inventory(rig)),
    }));
    const boot = await withRig(site, (rig) => twice(rig, bootWish));
    const transports = [...new Set([insert.scheme, ...(await takes(onlyHttps))])];
    return { way: insert.way, slots, rules, transports, insert, boot };
  } catch (error) {
    if (error instanceof MediabayError && error.code === "UNSUPPORTED_BY_BMC") return { refusal: error };
    throw error;
  }
};
