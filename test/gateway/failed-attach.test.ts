// What a failed attach leaves behind: nothing in the slot, nothing published, and a machine that can be spoken to at once.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Origin, startOrigin } from "../../src/simulators/origin.ts";
import { type RedfishSimulator, startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import { startTestService, type TestService } from "../tools/service.ts";

let bmc: RedfishSimulator;
let origin: Origin;
let service: TestService;

beforeAll(async () => {
  const iso = await readFile(fileURLToPath(new URL("../../fixtures/configdrive/config-2.iso", import.meta.url)));
  origin = await startOrigin({ files: { "config-2.iso": iso } });
  bmc = await startRedfishSimulator({ overrides: { auth: { basic: false } } });
  service = await startTestService();
  const machine = { name: "node", endpoints: [{ address: bmc.url, credentials: bmc.credentials }] };
  expect((await service.call("POST", "/v1/machines", machine)).status).toBe(201);
});

afterAll(async () => {
  await service?.close();
  await origin?.close();
  await bmc?.close();
});

const attach = (more: object = {}) =>
  service.work("POST", "/v1/machines/node/attachments", { source: { uri: origin.urlOf("config-2.iso") }, ...more });

test("undoing what is on the BMC ends its session and gives the machine's turn back", async () => {
  bmc.setFault({ kind: "status", status: 400, method: "PATCH", messageId: "Base.1.18.ActionNotSupported" });
  const failed = await attach({ boot: "once" });
  expect(failed).toMatchObject({ status: 422, body: { code: "UNSUPPORTED_BY_BMC" } });
  expect(bmc.slots().filter(({ inserted }) => inserted)).toEqual([]);
  expect(bmc.effectiveInserts()).toBe(1);
  expect(bmc.sessions()).toBe(0);
  bmc.clearFaults();
  expect(await attach()).toMatchObject({ status: 200, body: { attachment: { state: "attached" } } });
  expect(bmc.sessions()).toBe(0);
});
