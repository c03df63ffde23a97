// What an insert is said to send is what it then sends; and saying it changes nothing.
import { afterEach, expect, test } from "vitest";
import type { InsertPlan } from "../../../src/core/media.ts";
import {
  type Body,
  cdPath,
  ejectPath,
  insertPath,
  managerPath,
  medium,
  obey,
  plainService,
  type ScriptedBmc,
  startScriptedBmc,
} from "./scripted-bmc.ts";

let bmc: ScriptedBmc | undefined;

afterEach(async () => bmc?.close());

const certificates = `${cdPath}/Certificates`;
const flagPath = `${managerPath}/Flag`;
const mountPath = `${managerPath}/Actions/Mount`;

const start = async (slot: Body): Promise<ScriptedBmc> => {
  const resources = plainService();
  resources[cdPath] = { ...resources[cdPath], ...slot };
  bmc = await startScriptedBmc(resources);
  const started = bmc;
  obey(started);
  const fill = ({ body }: { readonly body: unknown }) => {
    Object.assign(resources[cdPath] ?? {}, { Image: (body as Body)["Image"], Inserted: true });
    return { status: 204 };
  };
  started.on("PATCH", cdPath, fill);
  started.on("POST", mountPath, fill);
  started.on("POST", certificates, () => ({ status: 201 }));
  started.on("PATCH", flagPath, () => ({ status: 204 }));
  return started;
};

const step = { method: "PATCH", path: "{manager}/Flag", body: { Flag: true } } as const;
const never = { path: "{slot}", is: { Inserted: [true] } };
const mount = { method: "POST", path: "{manager}/Actions/Mount", body: { Image: "{image}" } } as const;
const post = (path: string) => ({ method: "POST", path }) as const;
const byAction = (path: string, parameters: readonly string[] = []): InsertPlan => ({
  method: "action",
  requests: [post(path)],
  parameters,
});

const cases: readonly (readonly [string, Body, Body, InsertPlan])[] = [
  ["the action", {}, {}, byAction(insertPath)],
  [
    "what a profile always sends",
    { always: ["Inserted", "TransferProtocolType"], omit: ["Inserted"] },
    {},
    byAction(insertPath, ["TransferProtocolType"]),
  ],
  [
    "PATCH",
    { method: "patch" },
    {},
    { method: "patch", requests: [{ method: "PATCH", path: cdPath }], parameters: ["Inserted"] },
  ],
  [
    "an eject, our CA and a flag before",
    { ejectFirst: true, certificate: "collection", before: [step, { ...step, when: never }] },
    { Certificates: { "@odata.id": certificates } },
    {
      method: "action",
      requests: [post(ejectPath), post(certificates), { method: "PATCH", path: flagPath }, post(insertPath)],
      parameters: [],
    },
  ],
  [
    "a recipe",
    { method: "oem", recipe: [{ ...step, forSlot: "^none$" }, mount] },
    {},
    { method: "recipe", requests: [post(mountPath)], parameters: [] },
  ],
];

test.each(cases)("%s", async (_name, insert, slot, plan) => {
  const started = await start(slot);
  const session = await started.open({ quirks: { insert } });
  const secure = { ...medium, url: "https://192.0.2.1/m/t/config.iso", ca: "PEM" };
  const writes = () => started.requests.filter(({ method, path }) => method !== "GET" && !path.includes("Sessions"));
  try {
    await session.media?.slots({ fresh: true });
    expect(await session.media?.plan?.("cd0", secure)).toEqual(plan);
    expect(writes()).toEqual([]);
    await session.media?.insert("cd0", secure);
    expect(writes().map(({ method, path }) => ({ method, path }))).toEqual(plan.requests);
    expect(Object.keys(Object(writes().at(-1)?.body))).toEqual(["Image", ...plan.parameters]);
  } finally {
    await session.close();
  }
});

test("a plan is refused as its insert would be", async () => {
  const started = await start({});
  const session = await started.open({ quirks: { url: { maxLength: 10 } } });
  try {
    await expect(session.media?.plan?.("cd0", medium)).rejects.toMatchObject({ code: "UNSUPPORTED_BY_BMC" });
    await expect(session.media?.plan?.("cd9", medium)).rejects.toMatchObject({ code: "UNSUPPORTED_BY_BMC" });
  } finally {
    await session.close();
  }
});
