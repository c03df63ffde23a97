// How a medium gets in where the standard's way is not enough: parameters, declarations, recipes, retries, other slots.
import { afterEach, describe, expect, test } from "vitest";
import {
  type Answer,
  type Asked,
  type Body,
  cdPath,
  ejectPath,
  insertPath,
  managerPath,
  medium,
  obey,
  type OpenOptions,
  plainService,
  refusal,
  type ScriptedBmc,
  startScriptedBmc,
} from "./scripted-bmc.ts";

let bmc: ScriptedBmc | undefined;

afterEach(async () => bmc?.close());

const start = async (slot: Body = {}): Promise<ScriptedBmc> => {
  const resources = plainService();
  resources[cdPath] = { ...resources[cdPath], ...slot };
  bmc = await startScriptedBmc(resources);
  obey(bmc);
  return bmc;
};

const show = (started: ScriptedBmc, slot: Body): void => void Object.assign(started.resources[cdPath] ?? {}, slot);

const bodies = (started: ScriptedBmc, method = "POST"): readonly unknown[] =>
  started.requests.filter((asked) => asked.method === method).map(({ body }) => body);

const withSession = async <T>(
  started: ScriptedBmc,
  options: OpenOptions,
  work: (session: Awaited<ReturnType<ScriptedBmc["open"]>>) => Promise<T>,
): Promise<T> => {
  const session = await started.open(options);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
};

const insertWith = (started: ScriptedBmc, quirks: Body = {}, of: Body = {}) =>
  withSession(started, { quirks }, (session) => Promise.resolve(session.media?.insert("cd0", { ...medium, ...of })));

/** Answers these in order, then obeys. */
const answerFirst = (started: ScriptedBmc, answers: readonly Answer[]): void => {
  const left = [...answers];
  started.on("POST", insertPath, ({ body }) => {
    const next = left.shift();
    if (next !== undefined) return next;
    show(started, { Image: (body as Body)["Image"], Inserted: true });
    return { status: 204 };
  });
};

describe("what ActionInfo declares", () => {
  const infoPath = `${cdPath}/InsertMediaActionInfo`;
  const declares = async (parameters: readonly Body[]): Promise<ScriptedBmc> => {
    const info = { target: insertPath, "@Redfish.ActionInfo": infoPath };
    const started = await start({ Actions: { "#VirtualMedia.InsertMedia": info } });
    started.resources[infoPath] = { Parameters: parameters };
    return started;
  };

  test("as required is sent from the first try on, and is asked for once", async () => {
    const started = await declares([
      { Name: "Image", Required: true },
      { Name: "TransferProtocolType", Required: true, AllowableValues: ["HTTP", "NFS"] },
      { Name: "TransferMethod", Required: false },
    ]);
    const memory = await withSession(started, {}, async (session) => {
      await session.media?.insert("cd0", medium);
      return session.memory();
    });
    expect(bodies(started)).toEqual([{ Image: medium.url, TransferProtocolType: "HTTP" }]);
    show(started, { Image: null, Inserted: false });
    const before = started.requests.length;
    await withSession(started, { memory }, (session) => Promise.resolve(session.media?.insert("cd0", medium)));
    expect(started.asked().slice(before)).toEqual([`POST ${insertPath}`, `GET ${cdPath}`]);
  });

  test.each<[string[], readonly string[]]>([
    [["HTTPS", "NFS"], ["https"]],
    [
      ["NFS", "CIFS"],
      ["nfs", "cifs"],
    ],
    [[], ["http", "https"]],
  ])("of transports, %j, leaves the schemes %j", async (values, schemes) => {
    const started = await declares([{ Name: "TransferProtocolType", AllowableValues: values }]);
    const rules = await withSession(started, {}, (session) => Promise.resolve(session.media?.urlRules?.("cd0")));
    expect(rules?.schemes).toEqual(schemes);
  });

  test("beside the action itself needs no request", async () => {
    const inline = { target: insertPath, "TransferProtocolType@Redfish.AllowableValues": ["HTTPS"] };
    const started = await start({ Actions: { "#VirtualMedia.InsertMedia": inline } });
    const rules = await withSession(started, {}, (session) => Promise.resolve(session.media?.urlRules?.("cd0")));
    expect(rules?.schemes).toEqual(["https"]);
    expect(started.asked().at(-1)).toBe(`GET ${cdPath}`);
  });

  test("is not missed where it cannot be read", async () => {
    const started = await declares([]);
    started.on("GET", infoPath, () => ({ status: 404 }));
    expect(await insertWith(started)).toMatchObject({ inserted: true });
  });
});

describe("the parameters of a profile", () => {
  test("have its values, with what the URL gives filled in", async () => {
    const started = await start();
    const values = { TransferMethod: "Upload", MediaType: "CD", Domain: "{protocol} of {host}{path}" };
    await insertWith(started, { insert: { values, always: ["TransferMethod", "MediaType", "Domain"] } });
    const url = new URL(medium.url);
    expect(bodies(started)).toEqual([
      { Image: medium.url, TransferMethod: "Upload", MediaType: "CD", Domain: `HTTP of ${url.host}${url.pathname}` },
    ]);
  });

  test("are asked for by the words of a refusal, where a rule says that they count", async () => {
    const started = await start();
    answerFirst(started, [{ status: 500, body: { error: { message: "UserName and Password must be given" } } }]);
    const rule = { match: { status: 500, text: "must be given" }, code: "BMC_REJECTED", action: "param-missing" };
    await insertWith(started, { errors: { list: [rule] } });
    expect(bodies(started).at(-1)).toEqual({ Image: medium.url, UserName: "none", Password: "none" });
  });

  test("are dropped by the words of a refusal, where a rule says that they do not count", async () => {
    const started = await start();
    answerFirst(started, [{ status: 400, body: { error: { message: "WriteProtected is no valid property" } } }]);
    const rule = { match: { text: "no valid property" }, code: "BMC_REJECTED", action: "param-unknown" };
    await insertWith(started, { errors: { list: [rule] }, insert: { always: ["WriteProtected"] } });
    expect(bodies(started)).toEqual([{ Image: medium.url, WriteProtected: true }, { Image: medium.url }]);
  });

  test("are not changed by a failure of the service", async () => {
    const started = await start();
    answerFirst(started, [refusal(500, "GeneralError", [], "TransferMethod failed.")]);
    await expect(insertWith(started)).rejects.toMatchObject({ code: "BMC_REJECTED" });
    expect(bodies(started)).toHaveLength(1);
  });
});

describe("a refused insert", () => {
  const retry = (of: Body) => ({ insert: { retries: of } });

  test("is tried again after the profile's pause on the profile's statuses, while the slot is empty", async () => {
    const started = await start();
    answerFirst(started, [refusal(500, "InternalError"), refusal(500, "InternalError")]);
    expect(await insertWith(started, retry({ times: 2, delayMs: 700, on: [500] }))).toMatchObject({ inserted: true });
    expect(started.clock.slept).toEqual([700, 700]);
  });

  test("is not tried more often than that, nor at all without the profile", async () => {
    const started = await start();
    answerFirst(
      started,
      Array.from({ length: 9 }, () => refusal(500, "InternalError")),
    );
    await expect(insertWith(started, retry({ times: 1, delayMs: 5, on: [500] }))).rejects.toMatchObject({
      code: "BMC_REJECTED",
    });
    expect(bodies(started)).toHaveLength(2);
    await expect(insertWith(started)).rejects.toMatchObject({ code: "BMC_REJECTED" });
    expect(bodies(started)).toHaveLength(3);
  });

  test("is tried again as the action of its error says", async () => {
    const started = await start();
    answerFirst(started, [refusal(400, "Contoso.1.0.NotNow")]);
    const list = [{ match: { id: "NotNow" }, code: "BMC_BUSY", action: "retry" }];
    expect(await insertWith(started, { errors: { list } })).toMatchObject({ inserted: true });
    expect(started.clock.slept).toEqual([3000]);
  });

  test("behind a stale handle is tried once more after an eject, however that is answered", async () => {
    const started = await start();
    started.on("POST", ejectPath, () => refusal(400, "Contoso.1.0.NothingThere"));
    answerFirst(started, [refusal(400, "Contoso.1.0.InUse")]);
    const list = [{ match: { id: "InUse" }, code: "SLOT_OCCUPIED", action: "eject-then-retry" }];
    const quirks = { errors: { list }, eject: { settleMs: 5000 } };
    expect(await insertWith(started, quirks)).toMatchObject({ inserted: true });
    const posts = started.asked().filter((asked) => asked.startsWith("POST"));
    expect(posts).toEqual([`POST ${insertPath}`, `POST ${ejectPath}`, `POST ${insertPath}`]);
    expect(started.clock.slept).toEqual([5000]);
  });

  test("because of somebody else's medium ejects nothing", async () => {
    const started = await start();
    started.on("POST", insertPath, () => {
      show(started, { Image: "nfs://192.0.2.9/theirs.iso", Inserted: true });
      return refusal(400, "Contoso.1.0.InUse");
    });
    const list = [{ match: { id: "InUse" }, code: "SLOT_OCCUPIED", action: "eject-then-retry" }];
    await expect(insertWith(started, { errors: { list } })).rejects.toMatchObject({ code: "SLOT_OCCUPIED" });
    expect(started.asked()).not.toContain(`POST ${ejectPath}`);
  });
});

describe("a slot that is none for the medium", () => {
  test.each<[Answer, boolean]>([
    [{ status: 405 }, true],
    [refusal(400, "InternalError"), true],
    [refusal(400, "PropertyValueNotInList"), false],
    [refusal(403, "LicenseRequired"), false],
    [{ status: 500 }, false],
  ])("%j is said to be for another slot: %s", async (answer, isNext) => {
    const started = await start();
    started.on("POST", insertPath, () => answer);
    const error: unknown = await insertWith(started).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ context: { status: answer.status } });
    expect((error as { context: Body }).context["nextSlot"] === true).toBe(isNext);
  });

  test("is said so by the action of an error of a profile", async () => {
    const started = await start();
    started.on("POST", insertPath, () => refusal(500, "Contoso.1.0.InternalSlot"));
    const list = [{ match: { id: "InternalSlot" }, code: "BMC_REJECTED", action: "next-slot" }];
    await expect(insertWith(started, { errors: { list } })).rejects.toMatchObject({ context: { nextSlot: true } });
  });

  test("is not offered again once another took the medium", async () => {
    const started = await start();
    const other = `${cdPath.slice(0, -3)}cd1`;
    const target = `${other}/Actions/VirtualMedia.InsertMedia`;
    started.resources[cdPath.slice(0, -4)] = { Members: [{ "@odata.id": cdPath }, { "@odata.id": other }] };
    started.resources[other] = { Id: "cd1", MediaTypes: ["CD"], Actions: { "#VirtualMedia.InsertMedia": { target } } };
    started.on("POST", insertPath, () => ({ status: 405 }));
    started.on("POST", target, ({ body }) => {
      Object.assign(started.resources[other] ?? {}, { Inserted: true, Image: (body as Body)["Image"] });
      return { status: 204 };
    });
    await withSession(started, {}, async (session) => {
      await expect(session.media?.insert("cd0", medium)).rejects.toMatchObject({ context: { nextSlot: true } });
      expect((await session.media?.slots())?.map(({ urlCapable }) => urlCapable)).toEqual([true, true]);
      await session.media?.insert("cd1", medium);
      const next = await started.open({ memory: session.memory() });
      expect((await next.media?.slots())?.map(({ urlCapable }) => urlCapable)).toEqual([false, true]);
      await next.close();
    });
  });
});

describe("a recipe of a profile", () => {
  const configure = {
    method: "PATCH",
    path: "{manager}/VM1/CfgCD",
    body: { Host: "{origin}", Path: "{path}" },
    waitMs: 2000,
  };
  const mount = { method: "POST", path: "{manager}/VM1/CfgCD/Actions/IsoConfig.Mount" };
  const unmount = { method: "POST", path: "{manager}/VM1/CfgCD/Actions/IsoConfig.UnMount" };
  const quirks = {
    slots: { guess: [{ path: "{manager}/VM1/CD1", id: "CD1" }], mediaTypes: [{ id: "^CD1$", types: ["CD"] }] },
    insert: { method: "oem", recipe: [configure, mount] },
    eject: { method: "oem", recipe: [unmount] },
    verify: { echoesImage: false },
  };
  const config = `${managerPath}/VM1/CfgCD`;
  const withRecipe = async (): Promise<ScriptedBmc> => {
    const started = await start();
    started.resources[cdPath.slice(0, -4)] = {};
    started.resources[`${managerPath}/VM1/CD1`] = { Id: "CD1", Inserted: false };
    const set = (Inserted: boolean) => (): Answer => {
      Object.assign(started.resources[`${managerPath}/VM1/CD1`] ?? {}, { Inserted });
      return { status: 200 };
    };
    started.on("PATCH", config, () => ({ status: 200, body: {} }));
    started.on("POST", `${config}/Actions/IsoConfig.Mount`, set(true));
    started.on("POST", `${config}/Actions/IsoConfig.UnMount`, set(false));
    return started;
  };

  test("is followed in order, with its pauses, and the slot's own state decides", async () => {
    const started = await withRecipe();
    await withSession(started, { quirks }, async (session) => {
      expect(await session.media?.insert("CD1", medium)).toEqual({ inserted: true });
      expect(bodies(started, "PATCH")).toEqual([{ Host: "http://192.0.2.1", Path: "/m/t/config.iso" }]);
      expect(bodies(started)).toEqual([undefined]);
      expect(started.clock.slept).toEqual([2000]);
      expect(await session.media?.eject("CD1")).toEqual({ inserted: false });
    });
    expect(started.asked().filter((asked) => !asked.startsWith("GET"))).toEqual([
      `PATCH ${config}`,
      `POST ${config}/Actions/IsoConfig.Mount`,
      `POST ${config}/Actions/IsoConfig.UnMount`,
    ]);
  });

  test("may have steps that are for some slots only, and needs no request to know them", async () => {
    const started = await withRecipe();
    const other = { ...mount, path: "{manager}/VM1/CfgFD/Actions/Mount", forSlot: "^FD" };
    const recipe = [other, { ...mount, forSlot: "^CD" }];
    await withSession(started, { quirks: { ...quirks, insert: { method: "oem", recipe } } }, async (session) => {
      await session.media?.slots();
      await session.media?.insert("CD1", medium);
    });
    expect(started.asked().slice(-2)).toEqual([`POST ${config}/Actions/IsoConfig.Mount`, `GET ${managerPath}/VM1/CD1`]);
  });

  test("that is refused half-way fails with the BMC's words", async () => {
    const started = await withRecipe();
    started.on("POST", `${config}/Actions/IsoConfig.Mount`, () => refusal(403, "LicenseRequired", [], "No licence."));
    const failing = withSession(started, { quirks }, (session) =>
      Promise.resolve(session.media?.insert("CD1", medium)),
    );
    await expect(failing).rejects.toMatchObject({ code: "BMC_UNLICENSED", context: { bmcText: "No licence." } });
  });
});

describe("before an insert", () => {
  test("the steps of a profile are carried out on the slot, those whose condition holds", async () => {
    const started = await start({ VerifyCertificate: true });
    started.on("PATCH", cdPath, ({ body }) => {
      show(started, body as Body);
      return { status: 204 };
    });
    const step = {
      method: "PATCH",
      path: "{slot}",
      body: { VerifyCertificate: false },
      when: { path: "{slot}", is: { VerifyCertificate: [true] } },
    };
    await insertWith(started, { insert: { before: [step] } });
    show(started, { Image: null, Inserted: false });
    await insertWith(started, { insert: { before: [step] } });
    expect(bodies(started, "PATCH")).toEqual([{ VerifyCertificate: false }]);
  });

  test("an eject goes first where a profile wants it, but never of a medium", async () => {
    const started = await start();
    await insertWith(started, { insert: { ejectFirst: true } });
    const posts = () => started.asked().filter((asked) => asked.startsWith("POST"));
    expect(posts()).toEqual([`POST ${ejectPath}`, `POST ${insertPath}`]);
    await expect(
      insertWith(started, { insert: { ejectFirst: true } }, { url: "http://192.0.2.1/b.iso" }),
    ).rejects.toMatchObject({
      code: "SLOT_OCCUPIED",
    });
    expect(posts()).toHaveLength(2);
  });
});

describe("our CA", () => {
  const ca = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  const secure = { url: "https://192.0.2.1/m/t/config.iso", ca };

  test("goes into the slot's Certificates once", async () => {
    const certificates = `${cdPath}/Certificates`;
    const started = await start({ Certificates: { "@odata.id": certificates } });
    started.on("POST", certificates, () => ({ status: 201 }));
    const quirks = { insert: { certificate: "collection" } };
    const memory = await withSession(started, { quirks }, async (session) => {
      await session.media?.insert("cd0", { ...medium, ...secure });
      await session.media?.eject("cd0");
      await session.media?.insert("cd0", { ...medium, ...secure });
      return session.memory();
    });
    expect(JSON.stringify(memory)).not.toContain("MIIB");
    const posts = started.requests.filter(({ path }) => path === certificates);
    expect(posts.map(({ body }) => body)).toEqual([{ CertificateString: ca, CertificateType: "PEM" }]);
  });

  test("that is there already is no failure, and nothing is offered for a plain URL or unasked", async () => {
    const certificates = `${cdPath}/Certificates`;
    const started = await start({ Certificates: { "@odata.id": certificates } });
    started.on("POST", certificates, () => refusal(409, "ResourceAlreadyExists"));
    const quirks = { insert: { certificate: "collection" } };
    await insertWith(started, quirks, { ca });
    show(started, { Image: null, Inserted: false });
    await insertWith(started, {}, secure);
    expect(started.asked()).not.toContain(`POST ${certificates}`);
    show(started, { Image: null, Inserted: false });
    expect(await insertWith(started, quirks, secure)).toMatchObject({ inserted: true });
    expect(started.asked()).toContain(`POST ${certificates}`);
  });

  test("is a parameter where the action takes it so, by a name of its own", async () => {
    const target = `${cdPath}/Actions/Oem/Contoso.InsertVirtualMedia`;
    const started = await start({ Oem: { Contoso: { Actions: { "#Contoso.InsertVirtualMedia": { target } } } } });
    started.on("POST", target, ({ body }) => {
      show(started, { Image: (body as Body)["Image"], Inserted: true });
      return { status: 200 };
    });
    const insert = { action: ["#Contoso.InsertVirtualMedia", "#VirtualMedia.InsertMedia"], certificate: "parameter" };
    await insertWith(started, { insert }, secure);
    expect(bodies(started)).toEqual([{ Image: secure.url, Certificate: ca }]);
  });
});

describe("a BMC that shows nothing of its media", () => {
  const quirks = { verify: { none: true } };

  test("is believed when it accepts, and what it was told is marked as unverified", async () => {
    const started = await start();
    started.on("POST", insertPath, () => ({ status: 204 }));
    started.on("POST", ejectPath, () => ({ status: 204 }));
    await withSession(started, { quirks }, async (session) => {
      expect(await session.media?.insert("cd0", medium)).toEqual({
        inserted: true,
        image: medium.url,
        unverified: true,
      });
      expect(await session.media?.eject("cd0")).toEqual({ inserted: false, unverified: true });
    });
    expect(started.asked().slice(-2)).toEqual([`POST ${insertPath}`, `POST ${ejectPath}`]);
  });
});

test("a mount that would die with its session is sent with Basic", async () => {
  const started = await start();
  const sessions = "/redfish/v1/SessionService/Sessions";
  started.on("POST", sessions, () => ({
    status: 201,
    headers: { "x-auth-token": "token", location: `${sessions}/1` },
    body: { "@odata.id": `${sessions}/1` },
  }));
  started.on("DELETE", `${sessions}/1`, () => ({ status: 204 }));
  await insertWith(started, { auth: { mode: "session", mountAuth: "basic" } });
  const authOf = ({ headers }: Asked): string =>
    headers.authorization === undefined ? (headers["x-auth-token"] === undefined ? "none" : "session") : "basic";
  const inserts = started.requests.filter(({ path }) => path === insertPath);
  expect(inserts.map(authOf)).toEqual(["basic"]);
  expect(started.requests.filter(({ path }) => path === cdPath).map(authOf)).toContain("session");
});

describe("an eject", () => {
  const full = { Image: "http://192.0.2.7/theirs.iso", Inserted: true };
  const ejectWith = (started: ScriptedBmc, quirks: Body = {}) =>
    withSession(started, { quirks }, (session) => Promise.resolve(session.media?.eject("cd0")));

  test("that gets 5xx while the medium is being detached is repeated", async () => {
    const started = await start(full);
    let tries = 0;
    started.on("POST", ejectPath, () => {
      tries += 1;
      if (tries < 3) return refusal(500, "InternalError");
      show(started, { Image: null, Inserted: false });
      return { status: 204 };
    });
    expect(await ejectWith(started)).toEqual({ inserted: false });
    expect(started.clock.slept).toEqual([3000, 3000]);
  });

  test("is repeated no more often than the profile allows", async () => {
    const started = await start(full);
    started.on("POST", ejectPath, () => refusal(500, "InternalError"));
    await expect(ejectWith(started, { eject: { retries: { times: 1, delayMs: 10 } } })).rejects.toMatchObject({
      code: "BMC_REJECTED",
    });
    expect(started.clock.slept).toEqual([10]);
  });

  test("refused because nothing is inserted succeeds once the stale state is gone", async () => {
    const started = await start(full);
    let looks = 0;
    started.on("POST", ejectPath, () => refusal(400, "Contoso.1.0.NothingThere"));
    started.on("GET", cdPath, () => {
      looks += 1;
      return { body: { ...started.resources[cdPath], ...(looks > 3 ? { Image: null, Inserted: false } : {}) } };
    });
    const list = [{ match: { id: "NothingThere" }, code: "BMC_REJECTED", action: "nothing-inserted" }];
    expect(await ejectWith(started, { errors: { list } })).toEqual({ inserted: false });
    expect(bodies(started)).toHaveLength(1);
  });

  test("may be a PATCH of the profile's own where inserts are actions", async () => {
    const started = await start(full);
    started.on("PATCH", cdPath, ({ body }) => {
      show(started, { ...(body as Body), Inserted: false });
      return { status: 204 };
    });
    await ejectWith(started, { eject: { method: "patch", patch: { Image: "" } } });
    expect(bodies(started, "PATCH")).toEqual([{ Image: "" }]);
  });
});
