import { afterEach, describe, expect, test } from "vitest";
import {
  type Asked,
  type Body,
  cdPath,
  ejectPath,
  insertPath,
  medium,
  obey,
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
  return bmc;
};

const show = (started: ScriptedBmc, slot: Body): void => void Object.assign(started.resources[cdPath] ?? {}, slot);

const bodies = (started: ScriptedBmc, method: string): readonly unknown[] =>
  started.requests.filter((asked) => asked.method === method).map(({ body }) => body);

const insertWith = async (started: ScriptedBmc, quirks: Readonly<Record<string, unknown>> = {}) => {
  const session = await started.open({ quirks });
  try {
    return await session.media?.insert("cd0", medium);
  } finally {
    await session.close();
  }
};

describe("what a slot shows", () => {
  test.each<[Body, boolean]>([
    [{ Image: null, Inserted: false }, false],
    [{ Image: "", Inserted: false }, false],
    [{ Image: "None", Inserted: null }, false],
    [{ Image: null, Inserted: null, ConnectedVia: "NotConnected" }, false],
    [{ Image: "http://x/stale.iso", Inserted: null, ConnectedVia: "NotConnected" }, false],
    [{ Image: "http://x/configured.iso", Inserted: false }, false],
    [{ Image: "http://x/a.iso", Inserted: true }, true],
    [{ Image: "http://x/a.iso", Inserted: null, ConnectedVia: "URI" }, true],
    [{ Image: "http://x/a.iso", Inserted: true, ConnectedVia: "NotConnected" }, true],
    [{ Image: null, Inserted: true, ConnectedVia: "Applet" }, true],
  ])("%j is inserted: %s", async (slot, inserted) => {
    const session = await (await start(slot)).open();
    expect((await session.media?.slot("cd0"))?.state?.inserted).toBe(inserted);
    await session.close();
  });

  test("properties that are absent say nothing, and a profile may say what empty is", async () => {
    const started = await start();
    const { Image: _image, Inserted: _inserted, ...rest } = started.resources[cdPath] ?? {};
    started.resources[cdPath] = rest;
    const plain = await started.open();
    expect((await plain.media?.slot("cd0"))?.state).toEqual({ inserted: false });
    await plain.close();
    show(started, { Image: "x", Inserted: true, ConnectedVia: "NotConnected" });
    const odd = await started.open({ quirks: { empty: { any: [{ ConnectedVia: ["NotConnected"] }] } } });
    expect((await odd.media?.slot("cd0"))?.state).toEqual({ inserted: false });
    await odd.close();
  });
});

describe("the body of an insert", () => {
  test("is the image alone where that is enough", async () => {
    const started = await start();
    obey(started);
    await insertWith(started);
    expect(bodies(started, "POST")).toEqual([{ Image: medium.url }]);
  });

  /** Refuses until the body has these parameters. */
  const demand = (
    started: ScriptedBmc,
    names: readonly string[],
    refuse: (name: string) => ReturnType<typeof refusal>,
  ) => {
    started.on("POST", insertPath, ({ body }) => {
      const missing = names.find((name) => !(name in (body as Body)));
      if (missing !== undefined) return refuse(missing);
      show(started, { Image: medium.url, Inserted: true });
      return { status: 200, body: {} };
    });
  };

  test("gets what the BMC names as missing, one by one, and the next insert begins with it", async () => {
    const started = await start();
    const action = "VirtualMedia.InsertMedia";
    demand(started, ["TransferProtocolType", "TransferMethod"], (name) =>
      refusal(400, "ActionParameterMissing", [action, name]),
    );
    const session = await started.open();
    await session.media?.insert("cd0", medium);
    const full = { Image: medium.url, TransferProtocolType: "HTTP", TransferMethod: "Stream" };
    expect(bodies(started, "POST")).toEqual([
      { Image: medium.url },
      { Image: medium.url, TransferProtocolType: "HTTP" },
      full,
    ]);
    show(started, { Image: null, Inserted: false });
    const next = await started.open({ memory: session.memory() });
    await next.media?.insert("cd0", medium);
    expect(bodies(started, "POST").slice(3)).toEqual([full]);
    await next.close();
    await session.close();
  });

  test.each([
    ["a related property", { MessageId: "Base.1.8.PropertyMissing", RelatedProperties: ["#/TransferProtocolType"] }],
    ["the text of a GeneralError", { MessageId: "Base.1.0.GeneralError", Message: "Missing TransferProtocolType." }],
  ])("heeds %s", async (_name, message) => {
    const started = await start();
    demand(started, ["TransferProtocolType"], () => ({
      status: 400,
      body: { error: { "@Message.ExtendedInfo": message } },
    }));
    expect(await insertWith(started)).toMatchObject({ inserted: true });
    expect(bodies(started, "POST")).toHaveLength(2);
  });

  test("never gets what a profile omits, and always what it wants", async () => {
    const started = await start();
    demand(started, ["TransferMethod"], (name) => refusal(400, "ActionParameterMissing", ["InsertMedia", name]));
    const quirks = { insert: { omit: ["TransferMethod"], always: ["WriteProtected"] } };
    await expect(insertWith(started, quirks)).rejects.toMatchObject({ code: "BMC_REJECTED" });
    expect(bodies(started, "POST")).toEqual([{ Image: medium.url, WriteProtected: true }]);
  });
});

describe("a slot without actions", () => {
  const withoutActions = async (answer: (asked: Asked) => ReturnType<typeof refusal>, allow = "GET, HEAD, PATCH") => {
    const started = await start({ Actions: {} });
    started.on("GET", cdPath, () => ({ headers: { allow, etag: 'W/"7"' }, body: started.resources[cdPath] ?? {} }));
    started.on("PATCH", cdPath, answer);
    return started;
  };

  test("is patched where Allow permits it, with its entity tag, and ejected the same way", async () => {
    const started = await withoutActions(({ body }) => {
      show(started, body as Body);
      return { status: 200, body: {} };
    });
    const session = await started.open();
    expect((await session.media?.slots())?.[0]?.urlCapable).toBe(true);
    expect(await session.media?.insert("cd0", medium)).toMatchObject({ inserted: true });
    expect(await session.media?.eject("cd0")).toEqual({ inserted: false });
    await session.close();
    expect(bodies(started, "PATCH")).toEqual([
      { Image: medium.url, Inserted: true },
      { Image: null, Inserted: false },
    ]);
    const patches = started.requests.filter(({ method }) => method === "PATCH");
    expect(patches.map(({ headers }) => headers["if-match"])).toEqual(['W/"7"', 'W/"7"']);
  });

  test("loses what the BMC does not take", async () => {
    const started = await withoutActions(({ body }) => {
      if ("Inserted" in (body as Body)) return refusal(400, "PropertyNotWritable", ["Inserted"]);
      show(started, { Image: medium.url, Inserted: true });
      return { status: 204 };
    });
    expect(await insertWith(started)).toMatchObject({ inserted: true });
  });

  test("gets the strong form of a weak entity tag, then none, when that is what is refused", async () => {
    const tags: (string | undefined)[] = [];
    const started = await withoutActions(({ headers, body }) => {
      tags.push(headers["if-match"]);
      if (tags.length < 3) return refusal(412, "PreconditionFailed");
      show(started, body as Body);
      return { status: 204 };
    });
    expect(await insertWith(started)).toMatchObject({ inserted: true });
    expect(tags).toEqual(['W/"7"', '"7"', undefined]);
  });

  test("cannot be used where Allow does not permit PATCH", async () => {
    const started = await withoutActions(() => ({ status: 204 }), "GET");
    await expect(insertWith(started)).rejects.toMatchObject({ code: "UNSUPPORTED_BY_BMC" });
    expect(bodies(started, "PATCH")).toEqual([]);
  });
});

describe("a URL that the BMC cannot take is refused before any request", () => {
  test.each([
    [{ url: { schemes: ["https"] } }, "UNSUPPORTED_BY_BMC"],
    [{ url: { maxLength: 20 } }, "UNSUPPORTED_BY_BMC"],
    [{ url: { forbidden: "?:" } }, "UNSUPPORTED_BY_BMC"],
    [{ limits: { maxImageBytes: 100 } }, "IMAGE_TOO_LARGE"],
  ])("%j", async (quirks, code) => {
    const started = await start();
    obey(started);
    await expect(insertWith(started, quirks)).rejects.toMatchObject({ code });
    expect(bodies(started, "POST")).toEqual([]);
  });

  test("and the schemes it takes are told, best first", async () => {
    const session = await (await start()).open({ quirks: { url: { schemes: ["https", "http"] } } });
    expect(await session.media?.urlRules?.("cd0")).toEqual({ schemes: ["https", "http"], family: "any" });
    await session.close();
  });
});

describe("an insert", () => {
  test("into a BMC that replaces silently reads the slot first, every time", async () => {
    const started = await start();
    obey(started);
    const session = await started.open({ quirks: { insert: { checkFirst: true } } });
    await session.media?.slots();
    show(started, { Image: "http://192.0.2.7/theirs.iso", Inserted: true });
    await expect(session.media?.insert("cd0", medium)).rejects.toMatchObject({ code: "SLOT_OCCUPIED" });
    expect(bodies(started, "POST")).toEqual([]);
    await session.close();
  });

  test.each([
    ["VRM0012", refusal(500, "IDRAC.2.8.VRM0012")],
    ["ResourceInUse", refusal(409, "ResourceInUse")],
    ["a GeneralError", refusal(400, "GeneralError")],
  ])("refused with %s is SLOT_OCCUPIED where the slot turns out to be full", async (_name, answer) => {
    const started = await start();
    started.on("POST", insertPath, () => {
      show(started, { Image: "http://192.0.2.7/theirs.iso", Inserted: true });
      return answer;
    });
    await expect(insertWith(started)).rejects.toMatchObject({ code: "SLOT_OCCUPIED" });
    expect(bodies(started, "POST")).toHaveLength(1);
  });

  test("keeps the BMC's own refusal where the slot is empty", async () => {
    const started = await start();
    started.on("POST", insertPath, () => refusal(400, "IDRAC.2.8.RAC0904", [], "Not accessible."));
    await expect(insertWith(started)).rejects.toMatchObject({
      code: "BMC_REJECTED",
      context: { bmcCode: "IDRAC.2.8.RAC0904", bmcText: "Not accessible." },
    });
    expect(bodies(started, "POST")).toHaveLength(1);
  });

  test("is looked for until it shows, through answers that fail in passing", async () => {
    const started = await start();
    obey(started);
    let looks = 0;
    started.on("GET", cdPath, () => {
      looks += 1;
      if (looks === 2) return refusal(503, "ServiceTemporarilyUnavailable");
      if (looks === 3) return refusal(500, "InternalError");
      const empty = { ...started.resources[cdPath], Image: null, Inserted: false };
      return { body: looks === 4 ? empty : (started.resources[cdPath] ?? {}) };
    });
    expect(await insertWith(started, { insert: { settleMs: 2500 } })).toMatchObject({ inserted: true });
    expect(started.clock.slept).toEqual([2500, 1000, 1000, 1000]);
  });

  test("that never shows is BMC_INCONSISTENT after the time of the profile", async () => {
    const started = await start();
    started.on("POST", insertPath, () => ({ status: 204 }));
    const quirks = { verify: { poll: { intervalMs: 400, timeoutMs: 1000 } } };
    await expect(insertWith(started, quirks)).rejects.toMatchObject({ code: "BMC_INCONSISTENT" });
    expect(started.clock.slept).toEqual([400, 400, 400]);
  });

  test("that shows another image is not taken for ours", async () => {
    const started = await start();
    started.on("POST", insertPath, () => {
      show(started, { Image: "http://192.0.2.7/theirs.iso", Inserted: true });
      return { status: 204 };
    });
    await expect(insertWith(started)).rejects.toMatchObject({ code: "BMC_INCONSISTENT" });
    show(started, { Image: null, Inserted: false });
    expect(await insertWith(started, { verify: { echoesImage: false } })).toMatchObject({ inserted: true });
  });

  test.each(["//192.0.2.1/m/t/config.iso".slice(2), "http://user@192.0.2.1/m/t/config.iso", undefined])(
    "that shows its image as %s is taken for ours",
    async (image) => {
      const started = await start();
      started.on("POST", insertPath, () => {
        show(started, { Image: image ?? null, Inserted: true });
        return { status: 204 };
      });
      expect(await insertWith(started)).toMatchObject({ inserted: true });
    },
  );

  test("whose two replies are lost fails as the second did", async () => {
    const started = await start();
    started.on("POST", insertPath, () => ({ reset: true }));
    await expect(insertWith(started)).rejects.toMatchObject({ code: "BMC_UNREACHABLE", context: { replyLost: true } });
    expect(bodies(started, "POST")).toHaveLength(2);
  });

  test("whose reply is lost while somebody else's medium went in is SLOT_OCCUPIED", async () => {
    const started = await start();
    started.on("POST", insertPath, () => {
      show(started, { Image: "http://192.0.2.7/theirs.iso", Inserted: true });
      return { reset: true };
    });
    await expect(insertWith(started)).rejects.toMatchObject({ code: "SLOT_OCCUPIED" });
    expect(bodies(started, "POST")).toHaveLength(1);
  });

  test("that is not answered in time is waited for, not repeated", async () => {
    const started = await start();
    let looks = 0;
    started.on("POST", insertPath, () => ({ hang: true }));
    started.on("GET", cdPath, () => {
      looks += 1;
      if (looks === 4) show(started, { Image: medium.url, Inserted: true });
      return { body: started.resources[cdPath] ?? {} };
    });
    expect(await insertWith(started, { http: { insertTimeoutMs: 30 } })).toMatchObject({ inserted: true });
    expect(bodies(started, "POST")).toHaveLength(1);
  });

  test("that is never answered and never shows is BMC_TIMEOUT", async () => {
    const started = await start();
    started.on("POST", insertPath, () => ({ hang: true }));
    await expect(insertWith(started, { http: { insertTimeoutMs: 30 } })).rejects.toMatchObject({ code: "BMC_TIMEOUT" });
    expect(bodies(started, "POST")).toHaveLength(1);
  });

  test("answered with 504 is done where the slot shows it", async () => {
    const started = await start();
    started.on("POST", insertPath, () => {
      show(started, { Image: medium.url, Inserted: true });
      return { status: 504 };
    });
    expect(await insertWith(started)).toMatchObject({ inserted: true });
  });
});

describe("a 202", () => {
  const monitor = "/redfish/v1/TaskMonitors/1";
  const accepting = async (headers: Record<string, string>, body?: Body): Promise<ScriptedBmc> => {
    const started = await start();
    started.on("POST", insertPath, () => ({ status: 202, headers, ...(body === undefined ? {} : { body }) }));
    return started;
  };

  test("is followed by its monitor, as often as Retry-After says", async () => {
    const started = await accepting({ location: monitor, "retry-after": "7" });
    let polls = 0;
    started.on("GET", monitor, () => {
      polls += 1;
      if (polls < 3) return { status: 202, headers: { "retry-after": "3" } };
      show(started, { Image: medium.url, Inserted: true });
      return { status: 204 };
    });
    expect(await insertWith(started)).toMatchObject({ inserted: true });
    expect(started.clock.slept).toEqual([7000, 3000, 3000]);
  });

  test.each([
    ["the task in its body", {}, { "@odata.id": monitor, TaskState: "New" }],
    ["an absolute Location", { location: `https://192.0.2.66${monitor}` }, undefined],
  ])("is followed by %s", async (_name, headers, body) => {
    const started = await accepting(headers, body);
    let polls = 0;
    started.on("GET", monitor, () => {
      polls += 1;
      if (polls === 2) show(started, { Image: medium.url, Inserted: true });
      return { body: { TaskState: polls === 1 ? "Running" : "Completed" } };
    });
    expect(await insertWith(started)).toMatchObject({ inserted: true });
    expect(started.clock.slept).toEqual([1000, 1000]);
  });

  test("with neither is left to the slot's own state", async () => {
    const started = await accepting({});
    started.on("GET", cdPath, () => {
      if (bodies(started, "POST").length > 0) show(started, { Image: medium.url, Inserted: true });
      return { body: started.resources[cdPath] ?? {} };
    });
    expect(await insertWith(started)).toMatchObject({ inserted: true });
  });

  test.each([
    ["in its task", { body: { TaskState: "Exception", Messages: [{ MessageId: "Base.1.8.LicenseRequired" }] } }],
    ["as the monitor's own answer", refusal(400, "LicenseRequired")],
  ])("that fails %s fails the insert by its message", async (_name, answer) => {
    const started = await accepting({ location: monitor });
    started.on("GET", monitor, () => answer);
    await expect(insertWith(started)).rejects.toMatchObject({ code: "BMC_UNLICENSED", context: { uri: insertPath } });
  });

  test("that never ends is BMC_TIMEOUT", async () => {
    const started = await accepting({ location: monitor });
    started.on("GET", monitor, () => ({ status: 202 }));
    const quirks = { http: { taskTimeoutMs: 2500 } };
    await expect(insertWith(started, quirks)).rejects.toMatchObject({ code: "BMC_TIMEOUT" });
    expect(started.clock.slept).toEqual([1000, 1000, 1000]);
  });
});

describe("an eject", () => {
  const full = { Image: "http://192.0.2.7/theirs.iso", Inserted: true };

  test.each([
    ["object", {}, "2"],
    ["none", undefined, "0"],
  ])("has the body of the profile: %s", async (body, sent, length) => {
    const started = await start(full);
    obey(started);
    const session = await started.open({ quirks: { eject: { body, settleMs: 500 } } });
    expect(await session.media?.eject("cd0")).toEqual({ inserted: false });
    await session.close();
    const post = started.requests.find(({ path }) => path === ejectPath);
    expect([post?.body, post?.headers["content-length"]]).toEqual([sent, length]);
    expect(started.clock.slept).toEqual([500]);
  });

  test("of a slot that is seen to be empty asks for nothing but a second look", async () => {
    const started = await start();
    const session = await started.open();
    await session.media?.slots();
    expect(await session.media?.eject("cd0")).toEqual({ inserted: false });
    await session.close();
    expect(bodies(started, "POST")).toEqual([]);
    expect(started.asked().at(-1)).toBe(`GET ${cdPath}`);
  });

  test("refused because nothing is inserted is success", async () => {
    const started = await start(full);
    const session = await started.open();
    await session.media?.slots();
    show(started, { Image: "", Inserted: false });
    started.on("POST", ejectPath, () => refusal(400, "iLO.2.14.NoScriptedVirtualMediaConnectionAvailable"));
    expect(await session.media?.eject("cd0")).toEqual({ inserted: false });
    await session.close();
  });

  test("refused while something is inserted fails with the BMC's words", async () => {
    const started = await start(full);
    started.on("POST", ejectPath, () => refusal(503, "SYS518", [], "Not ready."));
    const session = await started.open();
    await expect(session.media?.eject("cd0")).rejects.toMatchObject({
      code: "BMC_BUSY",
      context: { bmcText: "Not ready." },
    });
    await session.close();
  });

  test("finds its action where the BMC lists it only while the slot is full", async () => {
    const started = await start({ Actions: { "#VirtualMedia.InsertMedia": { target: insertPath } } });
    obey(started);
    const session = await started.open();
    await session.media?.slots();
    started.on("POST", insertPath, () => {
      show(started, {
        Image: medium.url,
        Inserted: true,
        Actions: { "#VirtualMedia.EjectMedia": { target: ejectPath } },
      });
      return { status: 204 };
    });
    await session.media?.insert("cd0", medium);
    expect(await session.media?.eject("cd0")).toEqual({ inserted: false });
    await session.close();
  });
});

test("actions that come and go with the slot's state are remembered, each for its time", async () => {
  const insertAction = { "#VirtualMedia.InsertMedia": { target: insertPath } };
  const ejectAction = { "#VirtualMedia.EjectMedia": { target: ejectPath } };
  const started = await start({ Actions: insertAction });
  started.on("POST", insertPath, () => {
    show(started, { Image: medium.url, Inserted: true, Actions: ejectAction });
    return { status: 204 };
  });
  started.on("POST", ejectPath, () => {
    show(started, { Image: null, Inserted: false, Actions: insertAction });
    return { status: 204 };
  });
  const first = await started.open();
  await first.media?.insert("cd0", medium);
  show(started, { Image: null, Inserted: false, Actions: insertAction });
  const second = await started.open({ memory: first.memory() });
  await second.media?.insert("cd0", medium);
  expect(second.exchanges).toBe(2);
  await second.media?.eject("cd0");
  show(started, { Image: medium.url, Inserted: true, Actions: ejectAction });
  const third = await started.open({ memory: second.memory() });
  await third.media?.eject("cd0");
  expect(third.exchanges).toBe(2);
  for (const session of [third, second, first]) await session.close();
});
