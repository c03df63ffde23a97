// Publications with terms: until when, how often, and for whom.
import { beforeEach, describe, expect, it } from "vitest";
import type { PublicationTerms } from "../../src/core/ports.ts";
import type { Published } from "../../src/images/publications/book.ts";
import type { EndReason } from "../../src/images/publications/terms.ts";
import { patternBytes, rawClient, rawRequest, type TestPlane, type TestPlaneOptions } from "../tools/image-plane.ts";
import { pathOf, useScene } from "../tools/published-scene.ts";

const large = patternBytes(24 << 20, 3);

const scene = useScene();
let ended: [string, EndReason][];

const start = (options: Partial<TestPlaneOptions> = {}): Promise<TestPlane> => {
  const onEnded = ({ attachmentId }: Published, why: EndReason): void => void ended.push([attachmentId, why]);
  return scene.start({ onEnded, ...options });
};

beforeEach(() => {
  ended = [];
});

/** For a medium that is in. */
const publish = async (plane: TestPlane, terms: PublicationTerms, attachmentId = "attachment-1") => {
  const published = await plane.publish(scene.digest, { terms, attachmentId });
  await plane.book.settled(attachmentId);
  return published;
};
const get = (plane: TestPlane, url: string, range?: string) =>
  rawRequest(plane.port, `GET ${pathOf(url)} HTTP/1.1${range === undefined ? "" : `\r\nRange: bytes=${range}`}`);
const statusOf = async (plane: TestPlane, url: string, range?: string) => (await get(plane, url, range)).status;

describe("a time limit", () => {
  it("is kept to the second, for good, and the record stays until it is withdrawn", async () => {
    const plane = await start();
    const expiresAt = scene.clock.now() + 90_000;
    const { url } = await publish(plane, { expiresAt });
    await scene.clock.advance(89_999);
    expect(await statusOf(plane, url)).toBe(200);
    await scene.clock.advance(1);
    expect(await statusOf(plane, url)).toBe(404);
    const record = plane.book.find("attachment-1");
    expect(record).toMatchObject({ url, endedAt: expiresAt, terms: { expiresAt } });
    expect(plane.book.list()).toEqual([record]);
    expect(await scene.catalog.live()).toEqual([record]);
    expect(ended).toEqual([["attachment-1", "expired"]]);
    await plane.book.withdraw("attachment-1");
    expect([plane.book.find("attachment-1"), await scene.catalog.live()]).toEqual([undefined, []]);
  });

  it("of many is kept for each", async () => {
    const plane = await start();
    for (const minutes of [3, 1, 2]) {
      await publish(plane, { expiresAt: scene.clock.now() + minutes * 60_000 }, `a-${minutes}`);
    }
    await scene.clock.advance(61_000);
    expect(ended).toEqual([["a-1", "expired"]]);
    await scene.clock.advance(120_000);
    expect(ended.map(([id]) => id)).toEqual(["a-1", "a-2", "a-3"]);
  });

  it("is kept also when it is nearer than the one that was waited for", async () => {
    const plane = await start();
    await publish(plane, { expiresAt: scene.clock.now() + 3_600_000 }, "a-late");
    await scene.clock.settle();
    await publish(plane, { expiresAt: scene.clock.now() + 10_000 }, "a-soon");
    await scene.clock.advance(10_000);
    expect(ended).toEqual([["a-soon", "expired"]]);
  });

  it("cuts the transfers that run, of nobody else, and lets go of the memory", async () => {
    const plane = await start();
    const largeDigest = await scene.images.add(large);
    const cut = await plane.publish(largeDigest, { terms: { expiresAt: scene.clock.now() + 1000 } });
    const kept = await plane.publish(scene.digest, { attachmentId: "attachment-2" });
    const client = await rawClient(plane.port);
    client.socket.pause();
    client.write(`GET ${pathOf(cut.url)} HTTP/1.1\r\n\r\n`);
    await expect.poll(() => client.socket.bytesRead).toBeGreaterThan(0);
    await scene.clock.advance(1000);
    client.socket.resume();
    expect((await client.rest()).length).toBeLessThan(large.length);
    client.close();
    expect(await statusOf(plane, kept.url)).toBe(200);
    expect(plane.book.contents.openDescriptors).toBe(0);
    expect(await plane.book.reads("attachment-1")).toMatchObject({ requests: 1 });
  });

  it("that passed while we were down is noticed at the start, and one that had ended stays so", async () => {
    const first = await start();
    const { url } = await publish(first, { expiresAt: scene.clock.now() + 60_000 });
    await scene.stop(first);
    await scene.clock.advance(120_000);
    const second = await start();
    await scene.clock.settle();
    expect(await statusOf(second, url)).toBe(404);
    expect(ended).toEqual([["attachment-1", "expired"]]);
    await scene.stop(second);
    const third = await start();
    expect(await statusOf(third, url)).toBe(404);
    expect(third.book.find("attachment-1")).toMatchObject({ url, endedAt: scene.clock.now() });
    expect(new Set(ended.map(String))).toEqual(new Set(["attachment-1,expired"]));
  });

  it("goes on after a restart", async () => {
    const first = await start();
    const { url } = await publish(first, { expiresAt: scene.clock.now() + 60_000 });
    await scene.stop(first);
    const second = await start();
    expect(await statusOf(second, url)).toBe(200);
    await scene.clock.advance(60_000);
    expect(await statusOf(second, url)).toBe(404);
  });

  it("that is over before it begins is refused, as is a count of no full read", async () => {
    const plane = await start();
    await expect(publish(plane, { expiresAt: scene.clock.now() })).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      message: expect.stringContaining("terms.expiresInMs"),
      context: { field: "terms.expiresInMs" },
    });
    await expect(publish(plane, { fullReads: 0 })).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    expect(scene.catalog.calls).toEqual([]);
  });
});

describe("a one-time publication", () => {
  it("is over after one full read, which is not cut", async () => {
    const plane = await start();
    const { url } = await publish(plane, { fullReads: 1 });
    const answer = await get(plane, url);
    expect(answer.body.equals(scene.bytes)).toBe(true);
    await expect.poll(() => ended).toEqual([["attachment-1", "read"]]);
    expect(await statusOf(plane, url)).toBe(404);
    expect((await scene.catalog.live())[0]).toMatchObject({ endedAt: scene.clock.now() });
    expect((await scene.catalog.reads("attachment-1")).at(-1)).toMatchObject({ from: 0, to: 100_000 });
  });

  it("bears HEAD, pieces in any order, and the same piece twice", async () => {
    const plane = await start();
    const { url } = await publish(plane, { fullReads: 1 });
    expect((await rawRequest(plane.port, `HEAD ${pathOf(url)} HTTP/1.1`)).status).toBe(200);
    for (const range of ["50000-99999", "50000-99999", "0-20000", "0-40000"]) {
      expect(await statusOf(plane, url, range)).toBe(206);
    }
    expect(await statusOf(plane, url, "40001-49999")).toBe(206);
    await expect.poll(() => ended).toHaveLength(1);
    expect(await statusOf(plane, url, "0-0")).toBe(404);
  });

  it("lets the transfer that completes it end, and cuts the others", async () => {
    scene.digest = await scene.images.add(large);
    const plane = await start();
    const { url } = await publish(plane, { fullReads: 1 });
    const [slow, fast] = [await rawClient(plane.port), await rawClient(plane.port)];
    slow.socket.pause();
    for (const client of [slow, fast]) client.write(`GET ${pathOf(url)} HTTP/1.1\r\n\r\n`);
    expect((await fast.answer()).body.equals(large)).toBe(true);
    await expect.poll(() => ended).toHaveLength(1);
    slow.socket.resume();
    expect((await slow.rest()).length).toBeLessThan(large.length);
    for (const client of [slow, fast]) client.close();
  });

  it("whose image was read in part is not over, also not by a restart; the rest ends it", async () => {
    const first = await start();
    const { url } = await publish(first, { fullReads: 1 });
    await get(first, url, "0-59999");
    await scene.stop(first);
    const second = await start();
    expect(await statusOf(second, url, "60000-99999")).toBe(206);
    await expect.poll(() => ended).toHaveLength(1);
    expect(await statusOf(second, url)).toBe(404);
  });

  it("whose end could not be stored ends again after a restart", async () => {
    const end = () => Promise.reject(new Error("disk full"));
    const first = await start({ catalog: { ...scene.catalog, end } });
    const { url } = await publish(first, { fullReads: 1 });
    await get(first, url);
    await expect.poll(() => ended).toHaveLength(1);
    await scene.stop(first);
    expect((await scene.catalog.live())[0]?.endedAt).toBeUndefined();
    const second = await start();
    await expect.poll(async () => (await scene.catalog.live())[0]?.endedAt).toBe(scene.clock.now());
    expect(await statusOf(second, url)).toBe(404);
  });

  it("is not used up by what a BMC reads before it says that the medium is in, unless it takes all", async () => {
    const plane = await start();
    const { url } = await plane.publish(scene.digest, { terms: { fullReads: 1 } });
    for (const range of ["0-65535", "32768-34815", "40000-99999"]) await get(plane, url, range);
    await plane.book.settled("attachment-1");
    expect([await statusOf(plane, url, "0-0"), ended]).toEqual([206, []]);
    const copied = await plane.publish(scene.digest, { terms: { fullReads: 1 }, attachmentId: "a-2" });
    for (const range of ["0-49999", "50000-99999"]) await get(plane, copied.url, range);
    expect(await plane.book.reads("a-2")).toMatchObject({ requests: 2, coveredBytes: 100_000 });
    expect([plane.book.find("a-2")?.endedAt, ended]).toEqual([undefined, []]);
    await plane.book.settled("a-2");
    await expect.poll(() => ended).toEqual([["a-2", "read"]]);
    expect(await statusOf(plane, copied.url)).toBe(404);
  });

  it("is not used up by a stranger, whose reads are told once an address", async () => {
    const told: string[] = [];
    const plane = await start({
      proxies: ["127.0.0.1"],
      onStrangerRead: ({ attachmentId }, remote) => void told.push(`${attachmentId} ${remote}`),
    });
    const { url } = await publish(plane, { fullReads: 1 });
    const as = async (address: string) =>
      (await rawRequest(plane.port, `GET ${pathOf(url)} HTTP/1.1\r\nX-Forwarded-For: ${address}`)).status;
    expect([await as("192.0.2.66"), await as("192.0.2.66"), await as("192.0.2.67")]).toEqual([200, 200, 200]);
    expect(await plane.book.reads("attachment-1")).toMatchObject({
      requests: 0,
      pattern: "none",
      strangers: { requests: 3, bytesSent: 300_000, remotes: ["192.0.2.66", "192.0.2.67"] },
    });
    expect(told).toEqual(["attachment-1 192.0.2.66", "attachment-1 192.0.2.67"]);
    // A proxy that does not tell for whom it asks counts as the BMC.
    expect(await statusOf(plane, url)).toBe(200);
    await expect.poll(() => ended).toHaveLength(1);
  });

  it("has its end on the disk before its last scene.bytes are sent, and takes it back from a transfer that breaks off", async () => {
    scene.digest = await scene.images.add(large);
    const held = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const end = async (id: string, at: number) => {
      asked.resolve();
      await held.promise;
      await scene.catalog.end(id, at);
    };
    const plane = await start({ catalog: { ...scene.catalog, end } });
    const { url } = await publish(plane, { fullReads: 1 });
    const client = await rawClient(plane.port);
    client.write(`GET ${pathOf(url)} HTTP/1.1\r\n\r\n`);
    await asked.promise;
    client.socket.resetAndDestroy();
    await expect.poll(async () => (await plane.book.reads("attachment-1")).requests).toBe(1);
    held.resolve();
    await expect.poll(() => scene.catalog.calls.filter((call) => /end|reopen/.test(call))).toEqual(["end", "reopen"]);
    expect((await scene.catalog.live())[0]).not.toHaveProperty("endedAt");
    expect(ended).toEqual([]);
    expect((await get(plane, url)).body.equals(large)).toBe(true);
    expect((await scene.catalog.live())[0]).toMatchObject({ endedAt: scene.clock.now() });
  });

  it("is ended for good where a crash came in between, with nothing of its reads on the disk", async () => {
    const crash = Promise.withResolvers<void>();
    const isDown = { value: false };
    const addReads: typeof scene.catalog.addReads = async (id, reads) => {
      if (isDown.value) await crash.promise;
      await scene.catalog.addReads(id, reads);
    };
    const crashing = await start({ catalog: { ...scene.catalog, addReads } });
    const { url } = await publish(crashing, { fullReads: 1 });
    isDown.value = true;
    expect((await get(crashing, url)).body.equals(scene.bytes)).toBe(true);
    expect((await scene.catalog.reads("attachment-1")).every(({ requests }) => requests === 0)).toBe(true);
    expect(await statusOf(await start(), url)).toBe(404);
    // That is on record, too.
    expect(ended.at(-1)).toEqual(["attachment-1", "read"]);
    crash.resolve();
  });

  it("is given whole to one of those that ask for it at once", async () => {
    const plane = await start();
    const { url } = await publish(plane, { fullReads: 1 });
    const answers = await Promise.allSettled(Array.from({ length: 6 }, () => get(plane, url)));
    const whole = answers.filter(
      (answer) => answer.status === "fulfilled" && answer.value.body.length === scene.bytes.length,
    );
    expect(whole).toHaveLength(1);
  });
});

describe("a publication for so many full reads", () => {
  it("is over after as many, counted through restarts", async () => {
    const first = await start();
    const { url } = await publish(first, { fullReads: 3 });
    await get(first, url);
    await get(first, url, "0-59999");
    await scene.stop(first);
    const second = await start();
    await get(second, url, "60000-99999");
    expect(await statusOf(second, url, "0-99998")).toBe(206);
    expect(ended).toEqual([]);
    await scene.stop(second);
    const third = await start();
    expect(await statusOf(third, url, "99999-99999")).toBe(206);
    await expect.poll(() => ended).toEqual([["attachment-1", "read"]]);
  });

  it("keeps apart the pieces of one full read from those of the next", async () => {
    const first = await start();
    const { url } = await publish(first, { fullReads: 2 });
    for (const range of ["50000-99999", "0-49999", "50000-99999"]) await get(first, url, range);
    await scene.stop(first);
    const second = await start();
    expect(ended).toEqual([]);
    await get(second, url, "0-49999");
    await expect.poll(() => ended).toHaveLength(1);
  });

  it("counts no reads of a transfer that was not finished", async () => {
    scene.digest = await scene.images.add(large);
    const plane = await start();
    const { url } = await publish(plane, { fullReads: 1 });
    const client = await rawClient(plane.port);
    client.socket.pause();
    client.write(`GET ${pathOf(url)} HTTP/1.1\r\n\r\n`);
    await expect.poll(() => client.socket.bytesRead).toBeGreaterThan(0);
    client.close();
    await expect.poll(async () => (await plane.book.reads("attachment-1")).requests).toBe(1);
    expect(await statusOf(plane, url)).toBe(200);
    await expect.poll(() => ended).toHaveLength(1);
  });
});

describe("a publication for the BMC alone", () => {
  const elsewhere = { bmcHost: "192.0.2.7", imageHost: "127.0.0.1" };

  it("is 404 for everybody else, whatever the policy", async () => {
    const strangers: boolean[] = [];
    const plane = await start({
      addressPolicy: "off",
      observer: { onStranger: ({ refused }) => void strangers.push(refused) },
    });
    const open = await plane.publish(scene.digest, elsewhere);
    const bound = await plane.publish(scene.digest, { ...elsewhere, attachmentId: "a-2", terms: { onlyBmc: true } });
    const own = await plane.publish(scene.digest, { attachmentId: "a-3", terms: { onlyBmc: true } });
    expect(await statusOf(plane, open.url)).toBe(200);
    expect(await statusOf(plane, bound.url)).toBe(404);
    expect(await statusOf(plane, own.url)).toBe(200);
    expect(strangers).toEqual([true]);
  });

  it("has those whom it refused on record, once each, also through a restart; they got nothing", async () => {
    const told: string[] = [];
    const options = {
      proxies: ["127.0.0.1"],
      onStrangerRead: () => void told.push("read"),
      onStrangerRefused: ({ attachmentId }: Published, remote: string) => void told.push(`${attachmentId} ${remote}`),
    };
    const first = await start(options);
    const { url } = await first.publish(scene.digest, { ...elsewhere, terms: { onlyBmc: true } });
    const as = async (plane: TestPlane, address: string) =>
      (await rawRequest(plane.port, `GET ${pathOf(url)} HTTP/1.1\r\nX-Forwarded-For: ${address}`)).status;
    expect([await as(first, "192.0.2.66"), await as(first, "192.0.2.66"), await statusOf(first, url)]).toEqual([
      404, 404, 404,
    ]);
    expect(told).toEqual(["attachment-1 192.0.2.66", "attachment-1 127.0.0.1"]);
    await scene.stop(first);
    const second = await start(options);
    expect([await as(second, "192.0.2.66"), await as(second, "192.0.2.7")]).toEqual([404, 200]);
    expect(told).toHaveLength(2);
    expect(await second.book.reads("attachment-1")).toMatchObject({
      requests: 1,
      remotes: ["192.0.2.7"],
      strangers: { requests: 4, bytesSent: 0, remotes: ["127.0.0.1", "192.0.2.66"] },
    });
  });

  it("that is made one for all tells of him who was refused before that he reads it now", async () => {
    const told: string[] = [];
    const options = { onStrangerRead: (_published: Published, remote: string) => void told.push(remote) };
    const first = await start({ addressPolicy: "enforce", ...options });
    const { url } = await first.publish(scene.digest, elsewhere);
    expect([await statusOf(first, url), told]).toEqual([404, []]);
    await scene.stop(first);
    expect(await statusOf(await start({ addressPolicy: "log", ...options }), url)).toBe(200);
    expect(told).toEqual(["127.0.0.1"]);
  });

  it("is refused to a proxy that does not tell for whom it asks", async () => {
    const plane = await start({ proxies: ["127.0.0.1"] });
    const { url } = await plane.publish(scene.digest, { ...elsewhere, terms: { onlyBmc: true } });
    expect(await statusOf(plane, url)).toBe(404);
    const told = `GET ${pathOf(url)} HTTP/1.1\r\nX-Forwarded-For: 192.0.2.7`;
    expect((await rawRequest(plane.port, told)).status).toBe(200);
  });

  it("is refused by name when nobody knows the BMC's address", async () => {
    const urls = { publicHost: "images.example", resolve: () => Promise.resolve([]) };
    const plane = await start({ urls });
    const refused = plane.publish(scene.digest, { bmcHost: "bmc.example", terms: { onlyBmc: true } });
    await expect(refused).rejects.toMatchObject({ code: "BMC_UNREACHABLE", message: expect.stringContaining("alone") });
    expect(scene.catalog.calls).toEqual([]);
  });
});

describe("what is published anew", () => {
  it("has another token, each time", async () => {
    const plane = await start();
    const tokens = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      const { token, url } = await publish(plane, {});
      tokens.add(token);
      await plane.book.withdraw("attachment-1");
      expect(await statusOf(plane, url)).toBe(404);
    }
    expect(tokens.size).toBe(3);
  });

  it("begins with no reads of what was published before", async () => {
    const plane = await start();
    const { url } = await publish(plane, { fullReads: 1 });
    await get(plane, url, "0-59999");
    await plane.book.withdraw("attachment-1");
    const again = await publish(plane, { fullReads: 1 });
    expect(await plane.book.reads("attachment-1")).toMatchObject({ requests: 0, pattern: "none" });
    await get(plane, again.url, "60000-99999");
    await scene.stop(plane);
    const restarted = await start();
    expect((await restarted.book.reads("attachment-1")).coveredBytes).toBe(40_000);
    expect(ended).toEqual([]);
  });

  it("takes the place of one that has ended, also of one whose timer is late", async () => {
    let late = 0;
    const lateClock = {
      now: () => scene.clock.now() + late,
      monotonic: () => scene.clock.monotonic(),
      sleep: (ms: number, signal?: AbortSignal) => scene.clock.sleep(ms, signal),
    };
    const plane = await start({ clock: lateClock });
    const terms = () => ({ expiresAt: lateClock.now() + 1000 });
    const first = await publish(plane, terms());
    await scene.clock.advance(1000);
    const second = await publish(plane, terms());
    late = 2000;
    const third = await publish(plane, terms());
    await scene.clock.settle();
    expect(new Set([first.token, second.token, third.token]).size).toBe(3);
    expect(await scene.catalog.live()).toEqual([third]);
    expect(await Promise.all([first, second, third].map(({ url }) => statusOf(plane, url)))).toEqual([404, 404, 200]);
    late = 4000;
    expect(await statusOf(plane, third.url)).toBe(404);
  });
});

describe("an answer", () => {
  it("does not tell whether a path existed", async () => {
    const plane = await start({ addressPolicy: "enforce" });
    const { url } = await publish(plane, { fullReads: 1 });
    await get(plane, url);
    await expect.poll(() => ended).toHaveLength(1);
    const withdrawn = await publish(plane, {}, "attachment-2");
    await plane.book.withdraw("attachment-2");
    const foreign = await plane.publish(scene.digest, {
      attachmentId: "a-3",
      bmcHost: "192.0.2.7",
      imageHost: "127.0.0.1",
    });
    const never = url.replace(/\/m\/[a-z0-9]+/, `/m/${"x".repeat(26)}`);
    const answers = [];
    for (const path of [never, url, withdrawn.url, foreign.url]) {
      const { status, headers, body } = await get(plane, path);
      answers.push({ status, headers: headers.filter(([name]) => name !== "Date"), body: body.toString() });
    }
    expect(answers[0]?.status).toBe(404);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });
});
