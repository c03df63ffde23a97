// Power as the gateway does it: the reset that a BMC offers, and boot overrides that a BMC does not keep.
import { expect, test } from "vitest";
import type { BootDriver, BootOverride, PowerDriver, Session } from "../../src/core/driver.ts";
import { MediabayError } from "../../src/core/errors.ts";
import type { AttachmentStore, OperationContext } from "../../src/core/ports.ts";
import type { AttachmentRecord, OperationRecord } from "../../src/core/records.ts";
import type { PowerState, ResetType } from "../../src/core/vocabulary.ts";
import { bootWanted } from "../../src/gateway/boot.ts";
import type { Conversations } from "../../src/gateway/connect.ts";
import type { GatewayDeps } from "../../src/gateway/deps.ts";
import { createPowerHandler, endRearm, resetOnce } from "../../src/gateway/power.ts";

interface Rig {
  readonly session: Session;
  /** What the BMC was told, in order. */
  readonly told: string[];
}

interface RigOptions {
  readonly state?: PowerState;
  readonly types?: readonly ResetType[];
  readonly rearm?: boolean;
  /** What the BMC makes of an override. */
  readonly shows?: (wanted: BootOverride) => BootOverride;
}

const rig = ({ state = "On", types = [], rearm = false, shows = (wanted) => wanted }: RigOptions = {}): Rig => {
  const told: string[] = [];
  const power: PowerDriver = {
    state: async () => state,
    resetTypes: async () => types,
    reset: async (type) => void told.push(type),
  };
  const boot: BootDriver = {
    rearm,
    override: async () => ({ target: "None", enabled: "Disabled" }),
    targets: async () => [],
    targetFor: async () => "Cd",
    setOverride: async (wanted) => {
      told.push(`${wanted.target} ${wanted.enabled}`);
      return shows(wanted);
    },
  };
  const session: Session = {
    identity: { protocol: "redfish", oem: [] },
    boot,
    power,
    memory: () => null,
    exchanges: 0,
    close: async () => undefined,
  };
  return { session, told };
};

const operation: OperationRecord = {
  id: "o1",
  kind: "power",
  machineId: "m1",
  machineName: "node",
  state: "running",
  steps: [],
  cancelRequested: false,
  createdBy: "somebody",
  createdAt: 0,
};

const attachmentWith = (more: Partial<AttachmentRecord>): AttachmentRecord => ({
  id: "a1",
  machineId: "m1",
  machineName: "node",
  role: "boot",
  state: "attached",
  source: { kind: "blob", display: "blob" },
  boot: { target: "Cd", enabled: "Once", mode: "UEFI" },
  warnings: [],
  createdBy: "somebody",
  createdAt: 0,
  updatedAt: 0,
  operationId: "o0",
  ...more,
});

const storeOf = (first: AttachmentRecord): AttachmentStore => {
  let held = first;
  return {
    get: async () => held,
    list: async (_page, filter) => ({ items: filter?.states?.includes(held.state) === true ? [held] : [] }),
    update: async (_id, change) => {
      const entries = Object.entries({ ...held, ...change }).filter(([, value]) => value !== undefined);
      held = attachmentWith(Object.fromEntries(entries));
      return held;
    },
  };
};

const run = async (
  { session }: Rig,
  attachments: AttachmentStore,
  type: ResetType,
  more: Partial<OperationContext> = {},
): Promise<void> => {
  const signal = new AbortController().signal;
  const converse: Conversations["converse"] = (_machine, _options, work) =>
    work({
      session,
      endpoint: { protocol: "redfish", address: "https://bmc", tls: { mode: "verify", level: "modern" } },
    } as Parameters<typeof work>[0]);
  const context: OperationContext = {
    operation,
    input: { type },
    signal,
    resumed: false,
    step: (_name, _title, work) => work({ attempt: 1, signal, progress: () => undefined }),
    warn: () => undefined,
    defer: () => undefined,
    ...more,
  };
  const conversations = { converse } as Conversations;
  const clock = { now: () => 7 };
  const publications = { settled: async () => undefined };
  await createPowerHandler({ attachments, publications, clock } as unknown as GatewayDeps, conversations)(context);
};

test.each<[RigOptions, ResetType]>([
  [{}, "ForceRestart"],
  [{ types: ["On", "ForceRestart", "GracefulRestart"] }, "ForceRestart"],
  [{ types: ["On", "GracefulRestart", "PowerCycle"] }, "PowerCycle"],
  [{ types: ["On", "ForceOff", "GracefulRestart"] }, "GracefulRestart"],
  [{ state: "Off" }, "On"],
  [{ state: "Off", types: ["ForceOn", "ForceRestart"] }, "ForceOn"],
  [{ types: ["Nmi"] }, "ForceRestart"],
])("a reset of any kind on %j is %s", async (options, type) => {
  const { session, told } = rig(options);
  const evidence = {
    again: false,
    boot: undefined,
    reads: { requests: 0, bytesSent: 0, coveredBytes: 0, coverage: [], remotes: [] },
  };
  expect(await resetOnce(session, true, evidence)).toBe(type);
  expect(told).toEqual([type]);
});

test.each<[string, RigOptions, "once" | "continuous", string | undefined]>([
  ["a BMC that keeps what it is told", {}, "continuous", undefined],
  ["one that makes Once of Continuous", { shows: (wanted) => ({ ...wanted, enabled: "Once" }) }, "continuous", "each"],
  ["one that forgets", { rearm: true }, "once", "next"],
  ["one that forgets, always", { rearm: true }, "continuous", "each"],
])("%s is armed again as it needs", async (_name, options, wish, time) => {
  expect((await bootWanted(rig(options).session, "CD", wish)).rearm).toBe(time);
});

test.each(["On", "ForceRestart", "PowerCycle"] as const)("before %s a waiting override is set again", async (type) => {
  const armed = rig();
  await run(armed, storeOf(attachmentWith({ rearm: "each" })), type);
  expect(armed.told).toEqual(["Cd Once", type]);
});

test.each<[string, Partial<AttachmentRecord>, ResetType]>([
  ["one that does not boot", { rearm: "each" }, "ForceOff"],
  ["an attachment that waits for nothing", {}, "On"],
  ["one that is gone", { rearm: "each", state: "detached" }, "On"],
])("a reset sets no override for %s", async (_name, attachment, type) => {
  const armed = rig();
  await run(armed, storeOf(attachmentWith(attachment)), type);
  expect(armed.told).toEqual([type]);
});

test("an override for the next boot is armed once, one for each boot each time", async () => {
  for (const [rearm, told] of [
    ["next", ["Cd Once", "On", "On"]],
    ["each", ["Cd Once", "On", "Cd Once", "On"]],
  ] as const) {
    const armed = rig();
    const attachments = storeOf(attachmentWith({ rearm }));
    await run(armed, attachments, "On");
    await run(armed, attachments, "On");
    expect(armed.told).toEqual(told);
  }
});

test("where it cannot be set again the machine is not reset", async () => {
  const refusing = rig({
    shows: () => {
      throw new MediabayError("BMC_REJECTED", "No.");
    },
  });
  await expect(run(refusing, storeOf(attachmentWith({ rearm: "each" })), "On")).rejects.toMatchObject({
    code: "BMC_REJECTED",
  });
  expect(refusing.told).toEqual(["Cd Once"]);
});

test("an attach that resets the machine itself has used up the next boot", async () => {
  const attachments = storeOf(attachmentWith({ rearm: "next" }));
  await endRearm({ attachments }, "a1");
  expect((await attachments.get("a1")).rearm).toBeUndefined();
});

test("what first started with a reset that a crash cut short is not detached when that is taken up again", async () => {
  const reset = { name: "reset", title: "Reset the machine", state: "running", attempts: 1, startedAt: 5 } as const;
  const resumed = { resumed: true, operation: { ...operation, steps: [reset] } };
  const attachments = storeOf(attachmentWith({ detachOn: { at: "boot" }, bootedAt: 5 }));
  await run(rig(), attachments, "ForceRestart", resumed);
  expect(await attachments.get("a1")).toMatchObject({ state: "attached" });
});
