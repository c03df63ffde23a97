// A probe is right on every BMC family: it changes nothing, knows who is there, and foretells what an attach to the same BMC then does.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PlannedRequest } from "../../src/core/media.ts";
import type { Profiles } from "../../src/core/ports.ts";
import type { AttachPlan, ProbeReport } from "../../src/core/probe.ts";
import type { ImageFormat } from "../../src/core/vocabulary.ts";
import { createUseCases } from "../../src/gateway/gateway.ts";
import { probeEndpoint, probeMachine } from "../../src/gateway/probe.ts";
import { present } from "../../src/rest/present.ts";
import { probeReport } from "../../src/rest/schemas/hardware.ts";
import { wholeProfiles } from "../quirks/deletions.ts";
import { families, fixturesDir } from "../quirks/families.ts";
import { failureOf, openRig, type Rig, setStage, type Site, type Stage } from "../quirks/rig.ts";
import { siteOf } from "../quirks/stories.ts";

const minuteMs = 60_000;

let stage: Stage;
let profiles: Profiles;

beforeAll(async () => {
  [stage, profiles] = await Promise.all([setStage(), wholeProfiles()]);
});

afterAll(() => stage?.images.close());

const withRig = async <T>(
  fixture: string,
  work: (rig: Rig) => Promise<T>,
  site: Site = siteOf("config drive"),
): Promise<T> => {
  const rig = await openRig(stage, { fixture, profiles, site });
  try {
    return await work(rig);
  } finally {
    await rig.close();
  }
};

const probe = (rig: Rig): Promise<ProbeReport> =>
  probeMachine(rig.deps, createUseCases(rig.deps).conversations, "machine", AbortSignal.timeout(60_000));

interface Sent {
  readonly method: string;
  readonly path: string;
}

const isSessionTraffic = ({ method, path }: Sent): boolean =>
  (method === "POST" || method === "DELETE") && /\/Sessions(\/|$)/u.test(path);

/** What was sent that is neither a read nor a login or logout. */
const writesTo = (rig: Rig): readonly Sent[] =>
  rig.bmc
    .requests()
    .filter((request) => request.method !== "GET" && !isSessionTraffic(request))
    .map(({ method, path }) => ({ method, path }));

interface Done {
  readonly fixture: string;
  readonly slot?: string | undefined;
  readonly mediaType?: string | undefined;
  readonly scheme?: string | undefined;
  readonly code?: string;
  readonly hint?: string;
  readonly writes: readonly Sent[];
}

const attach = async (rig: Rig, fixture: string, format: ImageFormat): Promise<Done> => {
  rig.bmc.clearRequests();
  try {
    const { id, slot, mediaType } = await rig.attach({ format });
    const done = { fixture, slot, mediaType, scheme: rig.urlOf(id)?.split(":")[0], writes: writesTo(rig) };
    await rig.detach(id);
    await rig.pass(minuteMs);
    return done;
  } catch (error) {
    const { code, hint } = failureOf(error);
    return { fixture, code, hint, writes: writesTo(rig) };
  }
};

const planOf = ({ plans }: ProbeReport, format: ImageFormat): AttachPlan => {
  const plan = plans.find((each) => each.format === format);
  if (plan === undefined) throw new Error(`no plan for ${format}`);
  return plan;
};

/** A request that is repeated with other parameters or headers counts once. */
const withoutRepeats = (writes: readonly Sent[]): readonly Sent[] =>
  writes.filter(({ method, path }, index) => {
    const before = writes[index - 1];
    return before?.method !== method || before.path !== path;
  });

const mustBeAsForetold = (plan: AttachPlan, preparation: readonly PlannedRequest[], done: Done): void => {
  const { fitness, slot, otherwise = [], mediaType, scheme, insert } = plan;
  if (fitness.verdict === "no") {
    expect({ code: done.code, writes: done.writes }).toEqual({ code: fitness.code, writes: [] });
    if (fitness.hint !== undefined) expect(done.hint).toBe(fitness.hint);
    return;
  }
  const foretold = withoutRepeats([...preparation, ...(insert?.requests ?? [])]);
  expect(insert?.requests).not.toEqual([]);
  expect(withoutRepeats(done.writes).slice(0, foretold.length)).toEqual(foretold);
  expect({ mediaType: done.mediaType, scheme: done.scheme }).toEqual({ mediaType, scheme });
  if (!refusesSlots.test(done.fixture)) return expect(done.slot).toBe(slot);
  const inOrder = [slot, ...otherwise];
  expect(slotsIn(done.writes)).toEqual(inOrder.slice(0, inOrder.indexOf(done.slot) + 1));
};

/** Slots for the console look like the others here, and say only when they are to insert that they take no URL. */
const refusesSlots = /^cisco\//u;

const slotsIn = (writes: readonly Sent[]): readonly (string | undefined)[] => [
  ...new Set(writes.map(({ path }) => /\/VirtualMedia\/([^/]+)/u.exec(path)?.[1])),
];

type Shown = Readonly<Record<string, unknown>>;

const shownBy = async (fixture: string): Promise<Readonly<Record<string, Shown>>> =>
  JSON.parse(await readFile(join(fixturesDir, fixture, "resources.json"), "utf8"));

const childrenOf = (resources: Readonly<Record<string, Shown>>, collection: RegExp): readonly Shown[] =>
  Object.entries(resources).flatMap(([path, resource]) => (collection.test(path) ? [resource] : []));

const switchedOff = "Remote media is switched off; an attach switches it on.";

/** What hid the slots is over: an attach has switched remote media on, or a human the host. */
const makeVisible = async (rig: Rig, report: ProbeReport, { fitness }: AttachPlan, done: Done): Promise<void> => {
  if (report.preparation.length > 0) {
    expect(fitness).toEqual({ verdict: "unknown", reason: switchedOff });
    expect(report.warnings).toContain(switchedOff);
    expect(done.writes.slice(0, report.preparation.length)).toEqual(report.preparation);
    return;
  }
  expect(report.power?.state).toBe("Off");
  expect(fitness).toMatchObject({ verdict: "unknown", code: done.code, hint: done.hint });
  expect(done.writes).toEqual([]);
  rig.bmc.setPower("On");
  await rig.pass(5 * minuteMs);
};

const all = await families();

describe.each(all)("$fixture", ({ fixture, expected }) => {
  test("is read and nothing else, and is known for who it is", () =>
    withRig(fixture, async (rig) => {
      const before = rig.bmc.slots();
      const report = await probe(rig);

      const requests = rig.bmc.requests();
      expect(writesTo(rig)).toEqual([]);
      expect(rig.bmc.slots()).toEqual(before);
      expect(rig.bmc.sessions()).toBe(0);
      expect(report.exchanges).toBe(requests.filter(({ method }) => method !== "DELETE").length);
      expect(report.profile.id).toBe(expected.profile);
      const json: unknown = JSON.parse(present(report));
      expect(probeReport.parse(json)).toEqual(json);

      const { systemId, systemModel, systemManufacturer, managerModel, firmwareVersion, vendor } = report.identity;
      const resources = await shownBy(fixture);
      const [system, ...others] = childrenOf(resources, /\/Systems\/[^/]+$/u).filter(({ Id }) => Id === systemId);
      expect(others).toEqual([]);
      expect({ Model: systemModel, Manufacturer: systemManufacturer }).toEqual({
        Model: system?.["Model"] ?? undefined,
        Manufacturer: system?.["Manufacturer"] ?? undefined,
      });
      expect(system?.["Actions"]).toHaveProperty(["#ComputerSystem.Reset"]);
      expect(childrenOf(resources, /\/Managers\/[^/]+$/u)).toContainEqual(
        expect.objectContaining({
          FirmwareVersion: firmwareVersion,
          ...(managerModel === undefined ? {} : { Model: managerModel }),
        }),
      );
      expect(vendor).toBe(resources["/redfish/v1/"]?.["Vendor"] ?? undefined);
    }));

  test.each([
    ["iso9660", "config drive"],
    ["fat", "stick"],
    ["iso9660", "secure"],
  ] as const)("an attach of %s does what was foretold: %s", async (format, story) => {
    const refusal = expected.stories[story];
    const report = await withRig(fixture, probe, siteOf(story));
    const plan = planOf(report, format);
    const work = async (rig: Rig): Promise<void> => {
      const done = await attach(rig, fixture, format);
      expect(done.code).toBe(refusal);
      if (plan.fitness.verdict !== "unknown") return mustBeAsForetold(plan, report.preparation, done);
      await makeVisible(rig, report, plan, done);
      const seen = await probe(rig);
      expect(planOf(seen, format).fitness.verdict).toBe(refusal === undefined ? "yes" : "no");
      mustBeAsForetold(planOf(seen, format), seen.preparation, await attach(rig, fixture, format));
    };
    await withRig(fixture, work, siteOf(story));
  });

  test("where somebody else's media are in all slots, an attach is foretold to find no room", async () => {
    const fill = async (rig: Rig): Promise<Rig> => {
      for (const { id } of rig.bmc.slots()) rig.bmc.insertByHand(id, "http://127.0.0.1:9/theirs.iso");
      return rig;
    };
    const { fitness, preparation } = await withRig(fixture, async (rig) => probe(await fill(rig)));
    const { code } = await withRig(fixture, async (rig) => attach(await fill(rig), fixture, "iso9660"));
    const isUnseen = fitness.verdict === "unknown" && preparation.length > 0;
    expect(fitness.verdict).not.toBe("yes");
    expect(fitness.code).toBe(isUnseen ? undefined : code);
  });
});

test("a BMC that shows its slots only while its host is on is not called unfit while it is off", () =>
  withRig("fujitsu/irmc-s5-2.51p", async (rig) => {
    const hint = "While the host is off, an iRMC lists no virtual media: switch it on first.";
    const code = "UNSUPPORTED_BY_BMC";
    rig.bmc.setPower("Off");
    await rig.pass(60 * minuteMs);
    expect((await probe(rig)).fitness).toEqual({ verdict: "unknown", reason: switchedOff, hint });

    expect(await attach(rig, "", "iso9660")).toMatchObject({ code, hint });
    const reason = "The BMC lists no slot now; it may list some once its host is on.";
    expect((await probe(rig)).fitness).toEqual({ verdict: "unknown", code, reason, hint });
    expect(await attach(rig, "", "iso9660")).toMatchObject({ code, hint });

    rig.bmc.setPower("On");
    await rig.pass(5 * minuteMs);
    expect((await probe(rig)).fitness).toEqual({ verdict: "yes" });
  }));

test("a BMC of discs only is foretold to get a stick's files repacked", async () => {
  const stick = planOf(await withRig("intel/ipu-e2100-1.8", probe), "fat");
  expect(stick.fitness).toMatchObject({ verdict: "no", code: "UNSUPPORTED_BY_BMC" });
  expect(stick.fitness.reason).toMatch(/ A config drive whose files can be read is repacked as ISO 9660\.$/);
});

test("a slot says from where it reads, and which of that we serve", () =>
  withRig("fujitsu/irmc-s6-3.00p", async (rig) => {
    const [slot] = (await probe(rig)).slots;
    expect(slot?.url?.transports).toEqual([
      { scheme: "https", served: true },
      { scheme: "nfs", served: false },
      { scheme: "cifs", served: false },
    ]);
  }));

test("a BMC at an address that is not registered is probed alike", () =>
  withRig("hpe/ilo6-1.57", async (rig) => {
    const { conversations } = createUseCases(rig.deps);
    const registered = await probe(rig);
    const endpoint = await rig.deps.machines.endpoint("machine", 0);
    const options = { signal: AbortSignal.timeout(60_000) };
    expect(await probeEndpoint(rig.deps, conversations, endpoint, options)).toEqual(registered);
  }));

test("a medium of ours counts as ours", () =>
  withRig("dell/idrac8-2.75", async (rig) => {
    await rig.attach();
    expect((await probe(rig)).fitness).toMatchObject({
      verdict: "no",
      code: "SLOT_OCCUPIED",
      hint: expect.stringMatching(/other attachment/u),
    });
  }));
