// An independent client, the sushy library, finds the simulated service a plausible Redfish service: it inserts, boots, resets and ejects.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type {
  PersonalityOverrides,
  RedfishSimulator,
  RedfishSimulatorOptions,
} from "../../src/simulators/redfish/index.ts";
import { lacksPeer } from "../tools/peers.ts";
import { venv } from "../tools/venv.ts";
import { imageBytes, serveImage, simulate } from "./redfish-client.ts";

const slotSchema = z.object({
  id: z.string(),
  types: z.array(z.string()),
  inserted: z.boolean().nullable(),
  image: z.string().nullable(),
  name: z.string().nullable(),
  writeProtected: z.boolean().nullable(),
});

const reportSchema = z.object({
  steps: z.array(
    z.object({ step: z.string(), slots: z.array(slotSchema), boot: z.array(z.string().nullable()), power: z.string() }),
  ),
  system: z.object({ id: z.string(), uuid: z.string(), serial: z.string(), maker: z.string() }),
  resets: z.array(z.string()),
  targets: z.array(z.string()),
  manager: z.object({ id: z.string(), version: z.string(), type: z.string() }),
  managers: z.array(z.string()),
  sessions: z.array(z.string()),
});

interface Drive {
  readonly auth: "basic" | "session";
  readonly view: "system" | "manager";
  readonly image: string;
  readonly usbImage: string;
}

const driveThroughSushy = async (bmc: RedfishSimulator, drive: Drive): Promise<z.output<typeof reportSchema>> => {
  const running = promisify(execFile)(venv.python, [join(import.meta.dirname, "redfish-sushy.py")]);
  running.child.stdin?.end(JSON.stringify({ url: bmc.url, ...bmc.credentials, ...drive }));
  return reportSchema.parse(JSON.parse((await running).stdout));
};

const run = async (options: RedfishSimulatorOptions, drive: Pick<Drive, "auth" | "view">) => {
  const { origin, url, image } = await serveImage();
  origin.setFile("stick.img", imageBytes(70_000));
  const { bmc } = await simulate(options);
  const report = await driveThroughSushy(bmc, { ...drive, image: url, usbImage: origin.urlOf("stick.img") });
  const seen = Object.fromEntries(report.steps.map(({ step, ...rest }) => [step, rest]));
  return { bmc, report, seen, image, url };
};

const services: readonly (readonly [string, PersonalityOverrides])[] = [
  ["without actions, changed by PATCH under If-Match", { media: { control: "patch" }, http: { ifMatch: "required" } }],
  [
    "that asks for a transfer protocol and a body in every eject",
    { media: { required: ["Image", "TransferProtocolType"], ejectBody: "object" } },
  ],
  [
    "that answers inserts and ejects with tasks",
    { media: { insertReply: "task", ejectReply: "task", retryAfterSeconds: 0 } },
  ],
  ["whose boot settings are in a Settings object", { boot: { resource: "settings" } }],
  [
    "with weak ETags, strings for empty and silent replacement",
    { http: { etag: "weak" }, media: { empty: "empty-string", occupied: "replaced" } },
  ],
];

describe.skipIf(lacksPeer(".venv"))("the sushy client", () => {
  test.each([
    ["dmtf/two-slot-1.0", "basic", "system"],
    ["dmtf/two-slot-1.0", "session", "system"],
    ["dmtf/two-slot-manager-1.0", "basic", "manager"],
    ["dmtf/two-slot-manager-1.0", "session", "manager"],
  ] as const)("inserts, boots once from CD and ejects on %s with %s authentication", async (fixture, auth, view) => {
    const { bmc, report, seen, image, url } = await run({ fixture }, { auth, view });
    expect(seen["start"]).toMatchObject({ power: "Off", slots: [{ inserted: false }, { inserted: false }] });
    expect(seen["inserted"]?.slots).toEqual([
      { id: "Cd", types: ["CD", "DVD"], inserted: true, image: url, name: "cd.iso", writeProtected: true },
      expect.objectContaining({ id: "Usb", inserted: true, name: "stick.img" }),
    ]);
    expect(seen["boot set"]?.boot).toEqual(["Cd", "Once", "UEFI"]);
    expect(seen["on"]).toMatchObject({ power: "On", boot: ["None", "Disabled", "UEFI"] });
    expect(seen["ejected"]).toMatchObject({ power: "Off", slots: [{ inserted: false }, { inserted: false }] });
    expect(report.resets).toContain("ForceRestart");
    expect(report.targets).toContain("Cd");
    expect([report.managers, report.manager.type]).toEqual([["1"], "BMC"]);
    expect(report.sessions).toEqual(auth === "session" ? ["admin"] : []);
    expect(bmc.bootLog()[0]).toMatchObject({ source: "Cd", slot: "Cd" });
    expect([bmc.effectiveInserts(), bmc.effectiveEjects()]).toEqual([2, 2]);
    expect(image.byteLength).toBe(300_000);
  });

  test.each(services)("copes with a service %s", async (_what, overrides) => {
    const { bmc, seen } = await run({ overrides }, { auth: "basic", view: "system" });
    expect(seen["inserted"]?.slots.map(({ inserted }) => inserted)).toEqual([true, true]);
    expect(bmc.bootLog()[0]).toMatchObject({ source: "Cd", slot: "Cd" });
    expect(seen["ejected"]?.slots.map(({ inserted }) => inserted)).toEqual([false, false]);
  });
});
