// Who asks for paths that do not exist is slowed down, reported, and never told more; a BMC's own image stays within its reach.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Log } from "../../src/core/ports.ts";
import { Guesses } from "../../src/images/plane/guesses.ts";
import { parseAddress } from "../../src/wire/addresses.ts";
import {
  createTestImages,
  patternBytes,
  type RawAnswer,
  rawClient,
  rawRequest,
  silentLog,
  startTestPlane,
  type TestImages,
  type TestPlane,
} from "../tools/image-plane.ts";
import { ManualClock } from "../tools/manual-clock.ts";

const recordingLog = (): { readonly log: Log; readonly lines: [object, string][] } => {
  const lines: [object, string][] = [];
  return { lines, log: { ...silentLog, warn: (fields, message) => void lines.push([fields, message]) } };
};
const guessLines = (lines: readonly [object, string][]): readonly object[] =>
  lines.filter(([, message]) => message.includes("do not exist")).map(([fields]) => fields);

describe("the limit", () => {
  const reader = (remote: string) => ({ remote, address: parseAddress(remote) });
  const create = (addresses = 4) => {
    const clock = new ManualClock();
    const { log, lines } = recordingLog();
    return { clock, lines, guesses: new Guesses(() => clock.monotonic(), log, { burst: 3, perSecond: 1, addresses }) };
  };
  const takeAll = (guesses: Guesses, remote: string): number => {
    let taken = 0;
    while (guesses.take(reader(remote))) taken += 1;
    return taken;
  };

  it("lets through a burst, then one a second, and no more than the burst after any pause", async () => {
    const { clock, guesses } = create();
    expect(takeAll(guesses, "192.0.2.1")).toBe(3);
    await clock.advance(999);
    expect(guesses.isOver(reader("192.0.2.1"))).toBe(true);
    await clock.advance(1);
    expect(takeAll(guesses, "192.0.2.1")).toBe(1);
    await clock.advance(3_600_000);
    expect(takeAll(guesses, "192.0.2.1")).toBe(3);
  });

  it("is each IPv4 address's own, and of a whole /64 of IPv6", () => {
    const { guesses } = create();
    takeAll(guesses, "192.0.2.1");
    expect(guesses.isOver(reader("192.0.2.2"))).toBe(false);
    takeAll(guesses, "2001:db8::1");
    expect(guesses.isOver(reader("2001:db8::ffff:1"))).toBe(true);
    expect(guesses.isOver(reader("2001:db8:0:1::1"))).toBe(false);
  });

  it("remembers so many addresses, and forgets the one not seen for longest", () => {
    const { guesses } = create(2);
    for (const remote of ["192.0.2.1", "192.0.2.2"]) takeAll(guesses, remote);
    guesses.take(reader("192.0.2.1"));
    takeAll(guesses, "192.0.2.3");
    expect(["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((remote) => guesses.isOver(reader(remote)))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("is logged once a minute and address, with how many there were", async () => {
    const { clock, guesses, lines } = create();
    for (let index = 0; index < 5; index += 1) guesses.refuse(reader("192.0.2.1"));
    guesses.refuse(reader("192.0.2.2"));
    await clock.advance(60_000);
    guesses.refuse(reader("192.0.2.1"));
    expect(guessLines(lines)).toEqual([
      { remote: "192.0.2.1", refused: 1 },
      { remote: "192.0.2.2", refused: 1 },
      { remote: "192.0.2.1", refused: 5 },
    ]);
  });
});

describe("the image plane", () => {
  let images: TestImages;
  let plane: TestPlane;
  let clock: ManualClock;
  let digest: string;
  let seen: boolean[];
  const { log, lines } = recordingLog();
  const proxied = (path: string, remote: string): Promise<RawAnswer> =>
    rawRequest(plane.port, `GET ${path} HTTP/1.1\r\nX-Forwarded-For: ${remote}`);
  const guesser = "198.51.100.66";
  const bmc = "192.0.2.7";

  beforeEach(async () => {
    images = await createTestImages();
    digest = await images.add(patternBytes(4096));
    clock = new ManualClock();
    seen = [];
    lines.splice(0);
    plane = await startTestPlane({
      images,
      clock,
      log,
      proxies: ["127.0.0.1"],
      observer: { onGuess: ({ refused }) => void seen.push(refused) },
    });
  });

  afterEach(async () => {
    await plane.close();
    await images.close();
  });

  const publishFor = async (bmcHost: string, attachmentId: string): Promise<string> => {
    const { url } = await plane.publish(digest, { bmcHost, imageHost: "127.0.0.1", attachmentId });
    return new URL(url).pathname;
  };
  /** On one connection, as a guesser would. */
  const guess = async (times: number, remote = guesser): Promise<number[]> => {
    const client = await rawClient(plane.port);
    const statuses: number[] = [];
    for (let index = 0; index < times; index += 1) {
      client.write(`GET /m/guess-${index}/media.iso HTTP/1.1\r\nX-Forwarded-For: ${remote}\r\n\r\n`);
      statuses.push((await client.answer()).status);
    }
    client.close();
    return statuses;
  };

  it("answers 60 guesses at once with 404, then 429, asks for patience and hangs up", async () => {
    expect(new Set(await guess(60))).toEqual(new Set([404]));
    const client = await rawClient(plane.port);
    client.write(`GET /m/x/media.iso HTTP/1.1\r\nX-Forwarded-For: ${guesser}\r\n\r\n`);
    const answer = await client.answer();
    expect([answer.status, answer.header("retry-after"), answer.header("connection")]).toEqual([429, "1", "close"]);
    await client.rest();
    client.close();
    expect(seen.filter((refused) => refused)).toHaveLength(1);
    expect(guessLines(lines)).toEqual([{ remote: guesser, refused: 1 }]);
    await clock.advance(1000);
    expect((await proxied("/m/x/media.iso", guesser)).status).toBe(404);
  });

  it("gives no right guess to who guesses too fast", async () => {
    const path = await publishFor(bmc, "a-1");
    expect((await proxied(path, guesser)).status).toBe(200);
    await guess(60);
    const wrong = await proxied("/m/x/media.iso", guesser);
    const right = await proxied(path, guesser);
    expect([wrong.status, right.status]).toEqual([429, 429]);
    expect(right.body).toEqual(wrong.body);
  });

  it("keeps no BMC from its own image, whoever guesses from its address or beside it", async () => {
    const [own, others] = [await publishFor(bmc, "a-1"), await publishFor("2001:db8::7", "a-2")];
    await guess(60, bmc);
    await guess(60, "2001:db8::666");
    expect((await proxied(own, bmc)).status).toBe(200);
    expect((await proxied(others, "2001:db8::7")).status).toBe(200);
    expect((await proxied(others, bmc)).status).toBe(429);
  });

  it("keeps nobody from anything for what others do behind a proxy that does not tell", async () => {
    const path = await publishFor(bmc, "a-1");
    const silent = (target: string) => rawRequest(plane.port, `GET ${target} HTTP/1.1`);
    for (let index = 0; index < 60; index += 1) await silent("/m/x/media.iso");
    expect((await silent("/m/x/media.iso")).status).toBe(429);
    expect((await silent(path)).status).toBe(200);
  });

  it("stays far from the limit with a BMC that probes for what is not there", async () => {
    const path = await publishFor(bmc, "a-1");
    for (const suffix of [".sig", ".sha256", "?x=1", "/"]) {
      const head = `HEAD ${path}${suffix} HTTP/1.1\r\nX-Forwarded-For: ${bmc}`;
      expect((await rawRequest(plane.port, head)).status).toBe(404);
    }
    expect((await proxied(path, bmc)).status).toBe(200);
    expect(seen).toEqual([false, false, false, false]);
  });
});
