import { afterEach, describe, expect, test } from "vitest";
import type { Session } from "../../../src/core/driver.ts";
import {
  type Answer,
  type Asked,
  type Body,
  plainService,
  refusal,
  rootPath,
  type ScriptedBmc,
  startScriptedBmc,
  systemPath,
} from "./scripted-bmc.ts";

let bmc: ScriptedBmc | undefined;
let session: Session | undefined;

afterEach(async () => {
  await session?.close();
  await bmc?.close();
});

const start = async (): Promise<ScriptedBmc> => {
  bmc = await startScriptedBmc(plainService());
  return bmc;
};

const open = async (started: ScriptedBmc, quirks: Readonly<Record<string, unknown>> = {}): Promise<Session> => {
  session = await started.open({ quirks });
  return session;
};

/** Gives these answers for the system, the last one of which stays. */
const answerSystem = (started: ScriptedBmc, ...answers: readonly ((asked: Asked) => Answer)[]): void => {
  let count = 0;
  started.on("GET", systemPath, (asked) => {
    const answer = answers[Math.min(count, answers.length - 1)];
    count += 1;
    return answer?.(asked) ?? {};
  });
};

const well = (started: ScriptedBmc) => (): Answer => ({ body: started.resources[systemPath] ?? {} });

describe("the pace", () => {
  test("by default there is no wait between requests", async () => {
    const started = await start();
    await (await open(started)).power?.state();
    expect(started.clock.slept).toEqual([]);
  });

  test("of a profile is kept between an answer and the next request, once it is known", async () => {
    const started = await start();
    const opened = await open(started, { http: { minGapMs: 400 } });
    await opened.power?.state();
    await started.clock.sleep(300);
    await opened.power?.state();
    await started.clock.sleep(400);
    await opened.power?.state();
    expect(started.clock.slept).toEqual([400, 300, 100, 400]);
  });

  test("slows down for a BMC that says it is too busy, up to two seconds", async () => {
    const started = await start();
    const opened = await open(started, { http: { readRetries: { times: 0 } }, power: { pollThrough5xxMs: 0 } });
    answerSystem(started, () => ({ status: 503 }));
    for (let times = 0; times < 6; times += 1) await expect(opened.power?.state()).rejects.toThrow("503");
    expect(started.clock.slept).toEqual([250, 500, 1000, 2000, 2000]);
  });
});

describe("a GET that is answered with 503", () => {
  test("is sent again when Retry-After says, or else when the profile does", async () => {
    const started = await start();
    const opened = await open(started);
    const busy = (headers: Readonly<Record<string, string>>) => () => ({ status: 503, headers });
    const date = new Date(started.clock.now() + 9000).toUTCString();
    answerSystem(started, busy({ "retry-after": "4" }), busy({ "retry-after": date }), busy({}), well(started));
    expect(await opened.power?.state()).toBe("Off");
    expect(started.clock.slept).toEqual([4000, 5000, 1000]);
  });

  test("a Retry-After of hours is not obeyed", async () => {
    const started = await start();
    const opened = await open(started);
    answerSystem(started, () => ({ status: 503, headers: { "retry-after": "7200" } }), well(started));
    expect(await opened.power?.state()).toBe("Off");
    expect(started.clock.slept).toEqual([30_000]);
  });

  test("fails in the end", async () => {
    const started = await start();
    const opened = await open(started, { http: { readRetries: { times: 2 } }, power: { pollThrough5xxMs: 0 } });
    const before = started.requests.length;
    answerSystem(started, () => refusal(503, "ServiceTemporarilyUnavailable"));
    await expect(opened.power?.state()).rejects.toMatchObject({ code: "BMC_BUSY" });
    expect(started.requests).toHaveLength(before + 3);
  });
});

test("a GET is sent again for any message that the profile calls passing", async () => {
  const started = await start();
  const list = [{ match: { id: "NotReady" }, code: "BMC_BUSY", action: "retry" }];
  const opened = await open(started, { errors: { list }, http: { readRetries: { times: 1, delayMs: 700 } } });
  answerSystem(started, () => refusal(400, "Oem.1.0.NotReady"), well(started));
  expect(await opened.power?.state()).toBe("Off");
  expect(started.clock.slept).toEqual([700]);
});

test("a POST that is answered with 503 is not sent again", async () => {
  const started = await start();
  const opened = await open(started);
  const resetPath = `${systemPath}/Actions/ComputerSystem.Reset`;
  started.on("POST", resetPath, () => ({ status: 503, headers: { "retry-after": "1" } }));
  await expect(opened.power?.reset("ForceRestart")).rejects.toMatchObject({ code: "BMC_BUSY" });
  expect(started.asked().filter((each) => each === `POST ${resetPath}`)).toHaveLength(1);
});

describe("compression", () => {
  const encodings = ({ requests }: ScriptedBmc) => requests.map(({ headers }) => headers["accept-encoding"]);

  test("is refused, until the service insists on it", async () => {
    const started = await start();
    answerSystem(started, ({ headers }) =>
      headers["accept-encoding"] === "identity" ? { status: 406 } : well(started)(),
    );
    await (await open(started)).power?.state();
    expect(encodings(started)).toEqual(["identity", "identity", "identity", "gzip", "gzip", "gzip"]);
  });

  test("is accepted where the profile says so, and a 406 is then told", async () => {
    const started = await start();
    const opened = await open(started, { http: { acceptEncoding: "gzip" } });
    answerSystem(started, () => ({ status: 406 }));
    await expect(opened.power?.state()).rejects.toMatchObject({ code: "BMC_REJECTED" });
    expect(encodings(started).at(-1)).toBe("gzip");
    expect(started.asked().filter((each) => each === `GET ${systemPath}`)).toHaveLength(2);
  });
});

test("a connection is kept, unless the profile says that it must not be", async () => {
  const started = await start();
  await (await open(started, { http: { keepAlive: false } })).power?.state();
  expect(started.requests.map(({ headers }) => headers.connection)).toEqual([
    ...Array.from({ length: 4 }, () => "keep-alive"),
    "close",
  ]);
});

test("$expand may be forbidden, or demanded, by profile", async () => {
  const started = await start();
  Object.assign(started.resources[rootPath] ?? {}, {
    ProtocolFeaturesSupported: { ExpandQuery: { ExpandAll: true, NoLinks: true, Levels: true } },
  });
  await (await open(started, { http: { expand: "none" } })).media?.slots();
  expect(started.asked().at(-2)).toBe(`GET ${systemPath}/VirtualMedia`);
  await session?.close();
  await (await open(started, { http: { expand: "nolinks" } })).media?.slots();
  expect(started.asked()).toContain(`GET ${systemPath}/VirtualMedia?$expand=.($levels=1)`);
});

describe("the entity tag of a PATCH", () => {
  /** Sets the boot override on a service that takes only `good` as If-Match; answers what was tried. */
  const tried = async (
    seen: string | undefined,
    good: string | undefined,
    quirks: Readonly<Record<string, unknown>> = {},
  ): Promise<readonly (string | undefined)[]> => {
    const started = await start();
    answerSystem(started, () => ({
      ...(seen === undefined ? {} : { headers: { etag: seen } }),
      body: started.resources[systemPath] ?? {},
    }));
    const tags: (string | undefined)[] = [];
    started.on("PATCH", systemPath, ({ headers, body }) => {
      tags.push(headers["if-match"]);
      if (headers["if-match"] !== good) return refusal(412, "PreconditionFailed");
      Object.assign(started.resources[systemPath] ?? {}, body as Body);
      return { status: 204 };
    });
    await (await open(started, quirks)).boot?.setOverride({ target: "Cd", enabled: "Once" });
    return tags;
  };

  test.each([
    ["as it was seen", '"1"', '"1"', ['"1"']],
    ["then strong", 'W/"1"', '"1"', ['W/"1"', '"1"']],
    ["then without", 'W/"1"', undefined, ['W/"1"', '"1"', undefined]],
    ["without what compression adds to it", '"1-gzip"', '"1"', ['"1"']],
    ["with that, if need be", '"1-gzip"', '"1-gzip"', ['"1"', '"1-gzip"']],
    ["at last any", '"1"', "*", ['"1"', undefined, '"1"', "*"]],
  ])("is sent %s", async (_name, seen, good, tags) => {
    expect(await tried(seen, good)).toEqual(tags);
  });

  test.each([
    [{ etagForm: "strong" }, 'W/"1"', '"1"'],
    [{ etagForm: "unquoted" }, 'W/"1"', "1"],
    [{ etagMaxLength: 5 }, '"1234"', undefined],
    [{ etagMaxLength: 6 }, '"1234"', '"1234"'],
  ])("with %j is, of %s, first %s", async (http, seen, good) => {
    expect(await tried(seen, good, { http })).toEqual([good]);
  });

  test("is never left out where the profile says so: read first, and any where there is none", async () => {
    expect(await tried('"1"', "*", { boot: { ifMatch: "always" } })).toEqual(['"1"', "*"]);
    await session?.close();
    await bmc?.close();
    expect(await tried(undefined, "*", { boot: { ifMatch: "always" } })).toEqual(["*"]);
  });
});
