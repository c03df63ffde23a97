import { afterEach, describe, expect, test } from "vitest";
import type { Json } from "../../../src/core/driver.ts";
import {
  type Answer,
  type Asked,
  type Body,
  cdPath,
  insertPath,
  managerPath,
  medium,
  obey,
  plainService,
  refusal,
  rootPath,
  type ScriptedBmc,
  startScriptedBmc,
  systemPath,
} from "./scripted-bmc.ts";

let bmc: ScriptedBmc | undefined;

afterEach(async () => bmc?.close());

const sessionsPath = "/redfish/v1/SessionService/Sessions";

interface Options {
  readonly basic: boolean;
  /** Answers logins from the first on; the last one stays. */
  readonly logins?: readonly Answer[];
}

interface Guarded {
  readonly bmc: ScriptedBmc;
  /** Open ones: path by token. */
  readonly sessions: Map<string, string>;
  readonly saved: (Json | undefined)[];
  save(session: Json | undefined): Promise<void>;
}

/** Every resource but the root needs credentials. */
const start = async ({ basic, logins = [] }: Options): Promise<Guarded> => {
  const started = await startScriptedBmc(plainService());
  bmc = started;
  const sessions = new Map<string, string>();
  const saved: (Json | undefined)[] = [];
  let count = 0;
  const isKnown = ({ headers }: Asked): boolean => {
    const token = headers["x-auth-token"];
    return typeof token === "string" ? sessions.has(token) : basic && headers.authorization !== undefined;
  };
  for (const path of Object.keys(started.resources).filter((each) => each !== rootPath)) {
    started.on("GET", path, (asked) => {
      const resource = started.resources[path];
      return isKnown(asked) && resource !== undefined ? { body: resource } : refusal(401, "NoValidSession");
    });
  }
  started.on("POST", sessionsPath, ({ body }) => {
    const scripted = logins[Math.min(count, logins.length - 1)];
    count += 1;
    if (scripted !== undefined && scripted.status !== 201) return scripted;
    expect(body).toEqual({ UserName: "admin", Password: "correct horse" });
    const [token, path] = [`token-${count}`, `${sessionsPath}/${count}`];
    sessions.set(token, path);
    started.on("DELETE", path, ({ headers }) => ({
      status: sessions.delete(String(headers["x-auth-token"])) ? 204 : 401,
    }));
    return { status: 201, headers: { "x-auth-token": token, location: path }, body: { "@odata.id": path } };
  });
  const save = async (session: Json | undefined): Promise<void> => {
    saved.push(session);
  };
  return { bmc: started, sessions, saved, save };
};

const count = ({ bmc: { requests } }: Guarded, method: string, path: string): number =>
  requests.filter((each) => each.method === method && each.path === path).length;

test("auto stays with Basic where it is taken, and opens no session", async () => {
  const guarded = await start({ basic: true });
  await (await guarded.bmc.open()).close();
  expect(count(guarded, "POST", sessionsPath)).toBe(0);
});

describe("auto, where Basic is refused", () => {
  test("logs in once, without Basic, and out again", async () => {
    const guarded = await start({ basic: false });
    const session = await guarded.bmc.open({ openSession: { save: guarded.save } });
    await session.media?.slots();
    expect(guarded.sessions.size).toBe(1);
    expect(guarded.saved).toEqual([{ uri: `${sessionsPath}/1`, token: "token-1" }]);
    await session.close();
    expect(guarded.sessions.size).toBe(0);
    expect(guarded.saved.at(-1)).toBeUndefined();
    const login = guarded.bmc.requests.find(({ method }) => method === "POST");
    expect(login?.headers.authorization).toBeUndefined();
  });

  test("remembers it, and wastes no 401 the next time", async () => {
    const guarded = await start({ basic: false });
    const first = await guarded.bmc.open();
    const memory = first.memory();
    await first.close();
    const before = guarded.bmc.requests.length;
    const second = await guarded.bmc.open({ memory });
    await second.power?.state();
    await second.close();
    expect(guarded.bmc.asked().slice(before)).toEqual([
      `POST ${sessionsPath}`,
      `GET ${systemPath}`,
      `DELETE ${sessionsPath}/2`,
    ]);
  });

  test("logs in again, once, when the session has expired", async () => {
    const guarded = await start({ basic: false });
    const session = await guarded.bmc.open({ openSession: { save: guarded.save } });
    guarded.sessions.clear();
    expect(await session.power?.state()).toBe("Off");
    expect(guarded.saved.at(-1)).toEqual({ uri: `${sessionsPath}/2`, token: "token-2" });
    await session.close();
    expect(guarded.sessions.size).toBe(0);
  });

  test("a session that is refused at once is BMC_AUTHENTICATION, not a loop", async () => {
    const guarded = await start({ basic: false });
    guarded.bmc.on("GET", "/redfish/v1/Systems", () => refusal(401, "NoValidSession"));
    await expect(guarded.bmc.open()).rejects.toMatchObject({ code: "BMC_AUTHENTICATION" });
    expect(count(guarded, "POST", sessionsPath)).toBe(1);
    expect(guarded.sessions.size).toBe(0);
  });

  test.each([401, 403, 404, 405, 501])("a login answered with %i is BMC_AUTHENTICATION", async (status) => {
    const guarded = await start({ basic: false, logins: [{ status }] });
    await expect(guarded.bmc.open()).rejects.toMatchObject({ code: "BMC_AUTHENTICATION" });
  });

  test.each([
    ["SessionLimitExceeded", refusal(400, "SessionLimitExceeded")],
    ["RAC0218", refusal(503, "IDRAC.2.1.RAC0218")],
    ["a bare 503", { status: 503 }],
  ])("no session to have (%s) is BMC_BUSY", async (_name, answer) => {
    const guarded = await start({ basic: false, logins: [answer] });
    await expect(guarded.bmc.open()).rejects.toMatchObject({ code: "BMC_BUSY" });
  });
});

describe("a profile that wants sessions", () => {
  const quirks = { auth: { mode: "session" } };

  test("has one as soon as the profile is known, and uses it from then on", async () => {
    const guarded = await start({ basic: true });
    const session = await guarded.bmc.open({ quirks });
    await session.media?.slots();
    expect(guarded.sessions.size).toBe(1);
    const last = guarded.bmc.requests.at(-1);
    expect([last?.headers["x-auth-token"], last?.headers.authorization]).toEqual(["token-1", undefined]);
    await session.close();
    expect(guarded.sessions.size).toBe(0);
  });

  test("falls back to Basic when the BMC has no session to give", async () => {
    const guarded = await start({ basic: true, logins: [refusal(503, "SessionLimitExceeded")] });
    const session = await guarded.bmc.open({ quirks });
    expect(await session.power?.state()).toBe("Off");
    expect(await session.power?.state()).toBe("Off");
    await session.close();
    expect(count(guarded, "POST", sessionsPath)).toBe(1);
  });

  test("finds the sessions by the SessionService where the root does not link them", async () => {
    const guarded = await start({ basic: true });
    const { Links: _left, ...root } = guarded.bmc.resources[rootPath] ?? {};
    guarded.bmc.resources[rootPath] = { ...root, SessionService: { "@odata.id": "/sessions" } };
    guarded.bmc.resources["/sessions"] = { Sessions: { "@odata.id": sessionsPath } };
    const session = await guarded.bmc.open({ quirks });
    await session.power?.state();
    expect(guarded.sessions.size).toBe(1);
    await session.close();
    expect(guarded.sessions.size).toBe(0);
  });
});

describe("sessions that the service root does not mention", () => {
  const unlinked = async (options: Options): Promise<Guarded> => {
    const guarded = await start(options);
    const { Links: _left, ...root } = guarded.bmc.resources[rootPath] ?? {};
    guarded.bmc.resources[rootPath] = root;
    return guarded;
  };

  test("are looked for where DSP0266 has them", async () => {
    const guarded = await unlinked({ basic: false });
    const session = await guarded.bmc.open();
    expect(guarded.sessions.size).toBe(1);
    await session.close();
    expect(guarded.sessions.size).toBe(0);
  });

  test("and then where they were before its version 1.6", async () => {
    const guarded = await unlinked({ basic: false });
    const old = "/redfish/v1/Sessions";
    guarded.bmc.on("POST", sessionsPath, () => ({ status: 405 }));
    guarded.bmc.on("POST", old, () => {
      guarded.sessions.set("token-old", `${old}/1`);
      return { status: 201, headers: { "x-auth-token": "token-old", location: `${old}/1` } };
    });
    guarded.bmc.on("DELETE", `${old}/1`, () => ({ status: guarded.sessions.delete("token-old") ? 204 : 401 }));
    const session = await guarded.bmc.open();
    expect(JSON.stringify(session.memory())).toContain(old);
    await session.close();
    expect(guarded.sessions.size).toBe(0);
  });

  test("and are nowhere: Basic is gone on with where it is taken, and asked for them once", async () => {
    const guarded = await unlinked({ basic: true });
    guarded.bmc.on("POST", sessionsPath, () => ({ status: 404 }));
    const session = await guarded.bmc.open({ quirks: { auth: { mode: "session" } } });
    expect(await session.power?.state()).toBe("Off");
    expect(await session.power?.state()).toBe("Off");
    await session.close();
    expect(count(guarded, "POST", sessionsPath)).toBe(1);
  });
});

describe("an insert whose medium must not die with the session", () => {
  const quirks = { auth: { mode: "session", mountAuth: "basic" } };
  const insert = async (guarded: Guarded) => {
    const session = await guarded.bmc.open({ quirks });
    await session.media?.slots();
    await session.media?.insert("cd0", medium);
    await session.close();
    return guarded.bmc.requests.filter(({ path }) => path === insertPath);
  };

  test("is sent with Basic, and all else by the session", async () => {
    const guarded = await start({ basic: true });
    obey(guarded.bmc);
    const [sent, ...others] = await insert(guarded);
    expect(others).toEqual([]);
    expect([sent?.headers["x-auth-token"], sent?.headers.authorization]).toEqual([
      undefined,
      expect.stringMatching(/^Basic /),
    ]);
    const after = guarded.bmc.requests.filter(({ path }) => path === cdPath).at(-1);
    expect(after?.headers["x-auth-token"]).toBe("token-1");
  });

  test("is sent by the session all the same where Basic is refused", async () => {
    const guarded = await start({ basic: true });
    obey(guarded.bmc);
    guarded.bmc.on("POST", insertPath, ({ headers, body }) => {
      if (headers.authorization !== undefined) return refusal(401, "NoValidSession");
      Object.assign(guarded.bmc.resources[cdPath] ?? {}, { Image: (body as Body)["Image"], Inserted: true });
      return { status: 204 };
    });
    const sent = await insert(guarded);
    expect(sent.map(({ headers }) => headers["x-auth-token"])).toEqual([undefined, "token-1"]);
    expect(guarded.sessions.size).toBe(0);
  });
});

test("a profile that wants Basic never logs in", async () => {
  const guarded = await start({ basic: true });
  const session = await guarded.bmc.open({ quirks: { auth: { mode: "basic" } } });
  guarded.bmc.on("GET", systemPath, () => refusal(401, "NoValidSession"));
  await expect(session.power?.state()).rejects.toMatchObject({ code: "BMC_AUTHENTICATION" });
  await session.close();
  expect(count(guarded, "POST", sessionsPath)).toBe(0);
});

test("without credentials nothing is sent as such, and a 401 is BMC_AUTHENTICATION", async () => {
  const guarded = await start({ basic: true });
  const { credentials: _left, ...endpoint } = guarded.bmc.endpoint;
  const { createRedfish } = await import("../../../src/drivers/redfish/index.ts");
  const { createHttpPool } = await import("../../../src/wire/pool.ts");
  const pool = createHttpPool();
  const context = { clock: guarded.bmc.clock, signal: new AbortController().signal, onExchange: () => undefined };
  const identified = createRedfish({ http: pool }).identify(endpoint, context);
  await expect(identified).rejects.toMatchObject({ code: "BMC_AUTHENTICATION" });
  expect(guarded.bmc.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  pool.close();
});

describe("what goes wrong with a session", () => {
  test("one that cannot be stored is ended before it is used", async () => {
    const guarded = await start({ basic: false });
    const save = async (): Promise<void> => Promise.reject(new Error("the disk is full"));
    await expect(guarded.bmc.open({ openSession: { save } })).rejects.toThrow("the disk is full");
    expect(guarded.sessions.size).toBe(0);
  });

  test("one whose answer names no token is BMC_MALFORMED", async () => {
    const guarded = await start({ basic: false });
    guarded.bmc.on("POST", sessionsPath, () => ({ status: 201 }));
    await expect(guarded.bmc.open()).rejects.toMatchObject({ code: "BMC_MALFORMED" });
  });

  test("a logout that reaches nobody fails, and what is stored stays", async () => {
    const guarded = await start({ basic: false });
    const session = await guarded.bmc.open({ openSession: { save: guarded.save } });
    guarded.bmc.on("DELETE", `${sessionsPath}/1`, () => ({ reset: true }));
    await expect(session.close()).rejects.toMatchObject({ code: "BMC_UNREACHABLE" });
    expect(guarded.saved).toEqual([{ uri: `${sessionsPath}/1`, token: "token-1" }]);
  });

  test("a failure to open ends the session that was opened for it", async () => {
    const guarded = await start({ basic: false });
    guarded.bmc.on("GET", managerPath, () => refusal(500, "InternalError"));
    await expect(guarded.bmc.open()).rejects.toMatchObject({ code: "BMC_REJECTED" });
    expect(guarded.sessions.size).toBe(0);
  });
});

describe("what a crashed predecessor left", () => {
  test.each([204, 401, 404])(
    "its stored session is ended first, and forgotten when the BMC says %i",
    async (status) => {
      const guarded = await start({ basic: true });
      guarded.bmc.on("DELETE", "/left", () => ({ status }));
      const left = { uri: "/left", token: "old" };
      await (await guarded.bmc.open({ openSession: { left, save: guarded.save } })).close();
      expect(guarded.bmc.asked()[0]).toBe("DELETE /left");
      expect(guarded.bmc.requests[0]?.headers).toMatchObject({ "x-auth-token": "old" });
      expect(guarded.saved).toEqual([undefined]);
    },
  );

  test("a stored session leaves nothing to look for", async () => {
    const guarded = await start({ basic: true });
    const openSession = { left: { uri: "/left", token: "old" }, loginSince: 0, save: guarded.save };
    await (await guarded.bmc.open({ openSession })).close();
    expect(count(guarded, "GET", sessionsPath)).toBe(0);
  });

  const created = Date.UTC(2026, 0, 1, 12, 0, 0);
  const listed: Record<string, Body> = {
    ours: { UserName: "admin", CreatedTime: "2026-01-01T12:00:00Z", ClientOriginIPAddress: "::ffff:127.0.0.1" },
    older: { UserName: "admin", CreatedTime: "2026-01-01T11:59:58Z", ClientOriginIPAddress: "127.0.0.1" },
    anothers: { UserName: "root", CreatedTime: "2026-01-01T12:00:00Z", ClientOriginIPAddress: "127.0.0.1" },
    elsewhere: { UserName: "admin", CreatedTime: "2026-01-01T12:00:00Z", ClientOriginIPAddress: "192.0.2.9" },
    timeless: { UserName: "admin", ClientOriginIPAddress: "127.0.0.1" },
    homeless: { UserName: "admin", CreatedTime: "2026-01-01T12:00:00Z" },
    odd: { UserName: "admin", CreatedTime: "yesterday", ClientOriginIPAddress: "127.0.0.1" },
  };

  test("a login that was lost is looked for, and only what is certainly ours is ended", async () => {
    const guarded = await start({ basic: true });
    const paths = Object.keys(listed).map((name) => `${sessionsPath}/${name}`);
    guarded.bmc.resources[sessionsPath] = { Members: paths.map((path) => ({ "@odata.id": path })) };
    for (const [name, body] of Object.entries(listed)) {
      guarded.bmc.resources[`${sessionsPath}/${name}`] = body;
      guarded.bmc.on("DELETE", `${sessionsPath}/${name}`, () => ({ status: 204 }));
    }
    const openSession = { loginSince: created + 900, save: guarded.save };
    await (await guarded.bmc.open({ openSession, localAddresses: () => new Set(["127.0.0.1"]) })).close();
    expect(guarded.bmc.asked().filter((each) => each.startsWith("DELETE"))).toEqual([`DELETE ${sessionsPath}/ours`]);
  });

  test("a login of our own whose answer is lost is repeated, and the lost one ended with the conversation", async () => {
    const guarded = await start({ basic: false, logins: [{ reset: true }, { status: 201 }] });
    const lostPath = `${sessionsPath}/lost`;
    const created = new Date(guarded.bmc.clock.now()).toISOString();
    guarded.bmc.resources[sessionsPath] = { Members: [{ "@odata.id": lostPath }] };
    guarded.bmc.resources[lostPath] = { UserName: "admin", CreatedTime: created, ClientOriginIPAddress: "127.0.0.1" };
    guarded.bmc.on("DELETE", lostPath, () => ({ status: 204 }));
    await (await guarded.bmc.open()).close();
    expect(guarded.bmc.asked()).toContain(`DELETE ${lostPath}`);
    expect(guarded.sessions.size).toBe(0);
  });
});
