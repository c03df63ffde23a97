// mediabay probe: what it asks, and what an operator reads of two BMCs of different families, both as the gateway itself reports them.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Profiles } from "../../src/core/ports.ts";
import { createUseCases } from "../../src/gateway/gateway.ts";
import { probeMachine } from "../../src/gateway/probe.ts";
import { present } from "../../src/rest/present.ts";
import { wholeProfiles } from "../quirks/deletions.ts";
import { openRig, type Rig, setStage, type Stage } from "../quirks/rig.ts";
import { siteOf } from "../quirks/stories.ts";
import type { Expected } from "./rest-stub.ts";
import { runAgainst } from "./run.ts";

let stage: Stage;
let profiles: Profiles;

beforeAll(async () => {
  [stage, profiles] = await Promise.all([setStage(), wholeProfiles()]);
});

afterAll(() => stage?.images.close());

/** As it arrives over REST. */
const reportOf = async (fixture: string, change: (rig: Rig) => void = () => undefined): Promise<object> => {
  const rig = await openRig(stage, { fixture, profiles, site: siteOf("config drive") });
  try {
    change(rig);
    const { conversations } = createUseCases(rig.deps);
    return JSON.parse(present(await probeMachine(rig.deps, conversations, "machine", AbortSignal.timeout(60_000))));
  } finally {
    await rig.close();
  }
};

const answering = (body: object, json: object): Expected => ({
  method: "POST",
  path: "/v1/probe",
  body,
  json,
  status: 200,
});

const shown = async (fixture: string, change?: (rig: Rig) => void): Promise<string> =>
  (await runAgainst([answering({ machine: "web1" }, await reportOf(fixture, change))], ["probe", "web1"])).stdout;

test("of a BMC that is fit: where a config drive goes, how, and on what that rests", async () => {
  const text = await shown("hpe/ilo6-1.57", ({ bmc }) =>
    bmc.insertByHand("2", "http://u:canary@192.0.2.7/theirs.iso?token=canary"),
  );
  const insert = "POST /redfish/v1/Managers/1/VirtualMedia/1/Actions/VirtualMedia.InsertMedia";
  expect(text.split("\n").slice(0, 5).join("\n")).toBe(
    [
      "verdict        yes: a config drive goes into slot 1 as USBStick over http by action",
      "vendor         HPE",
      "product        ProLiant DL380 Gen11",
      "bmc            iLO 6 v1.57",
      "system         HPE ProLiant DL380 Gen11 (1)",
    ].join("\n"),
  );
  expect(text).toMatch(/^profile +hpe\/ilo6, HPE iLO 6\nbecause +managerModel equals "iLO 6" .+\nconfidence +code\n/mu);
  expect(text).toMatch(
    /^slots +1: Floppy USBStick; http https; empty\n +2: CD DVD; http https; holds http:\/\/\*+@192/mu,
  );
  expect(text).not.toContain("canary");
  expect(text).toMatch(/^limits +\.iso for CD DVD, \.img for Floppy USBStick$/mu);
  expect(text).toContain(`iso9660        slot 1 as USBStick over http by action\n               ${insert}\n`);
  expect(text).toMatch(/^boot +no override; CD by Cd, DVD by Cd, Floppy by Usb, USBStick by Usb\ntargets +None Cd /mu);
  expect(text).toMatch(/^power +Off; On ForceOff .+\nrequests +\d+\n$/mu);
});

test("of a BMC whose remote media is off: that it is, and what an attach would send first", async () => {
  const text = await shown("ami/megarac-13.3");
  const off = "Remote media is switched off; an attach switches it on.";
  expect(text.startsWith(`verdict        unknown: ${off}\n`)).toBe(true);
  expect(text).toMatch(/^bmc +\d+ 13\.03\.00$/mu);
  expect(text).toMatch(/^slots +none$/mu);
  expect(text).toMatch(/^first +POST \/redfish\/v1\/Managers\/Self\/Actions\/Oem\/AMIVirtualMedia\.EnableRMedia$/mu);
  expect(text).toContain(`iso9660        unknown: ${off}\nfat            unknown: ${off}\n`);
  expect(text).toContain(`warning        ${off}\n`);
});

test("of a BMC that takes what we do not serve: the transport by name, and the code of the refusal", async () => {
  const text = await shown("senao/sx904-1.0");
  expect(text).toMatch(
    /^verdict +no: This BMC reads images over only nfs, .+ \(UNSUPPORTED_BY_BMC\)\nhint +The image plane/mu,
  );
  expect(text).toMatch(/^slots +Slot_0: CD USBStick; not served: nfs; empty$/mu);
});

test("one medium at a time, an idle limit and slots that may refuse are told", async () => {
  expect(await shown("dell/idrac9-4.20")).toMatch(/^limits +1 medium at a time$/mu);
  const text = await shown("openbmc/bmcweb-2.14");
  expect(text).toMatch(/^limits +drops a medium that is unread for 30 min 0 s$/mu);
  expect(text).toMatch(/^slots +Slot_0: CD USBStick; takes no URL; empty$/mu);
  expect(text).toContain("               where the BMC refuses that slot: Slot_2\n");
});

test("by machine, by URL or by address; --json is the report as it came", async () => {
  const report = await reportOf("dmtf/two-slot-1.0");
  const { stdout } = await runAgainst([answering({ machine: "web1" }, report)], ["probe", "web1", "--json"]);
  expect(JSON.parse(stdout)).toEqual(report);

  const access = { tls: { mode: "insecure" }, credentials: { username: "root", password: "pw" } };
  const words = "--tls insecure --username root --password-env PW".split(" ");
  for (const [target, address] of [
    [["https://h:8443"], "https://h:8443"],
    [["--address", "h"], "h"],
  ] as const) {
    const asked = answering({ endpoint: { ...access, address } }, report);
    expect((await runAgainst([asked], ["probe", ...target, ...words], { env: { PW: "pw" } })).code).toBe(0);
  }
});
