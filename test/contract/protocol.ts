// Promises that every protocol's driver must keep (core/driver.ts), held against a BMC that a rig starts.
import { afterEach, describe, expect, test } from "vitest";
import type {
  Clock,
  DriverContext,
  Endpoint,
  Exchange,
  Json,
  MediaDriver,
  Medium,
  Protocol,
  Session,
} from "../../src/core/driver.ts";

/** What the BMC of a rig is to do differently from a well-behaved one. */
export interface RigOptions {
  /** A change of a slot shows only this long after it was accepted, on the rig's clock. */
  readonly showDelayMs?: number;
  /** The BMC never shows what it accepted. */
  readonly neverShows?: boolean;
  /** A boot override of `Once` becomes `Continuous`. */
  readonly onceBecomesContinuous?: boolean;
  /** The driver is to use sessions that must be closed, if its protocol has any. */
  readonly sessions?: boolean;
}

/** A started BMC and the eyes of the test in it, past the driver. */
export interface Rig {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  readonly medium: Medium;
  /** A medium for the same slot from somebody else. */
  readonly otherUrl: string;
  readonly slotId: string;
  /** What the BMC shows in the slot now. */
  held(): string | undefined;
  effectiveInserts(): number;
  effectiveEjects(): number;
  insertByHand(url: string): void;
  openSessions(): number;
  /** The next request of this kind is carried out, or not, and is never answered. */
  loseReply(of: "insert" | "eject" | "boot", carriedOut: boolean): void;
  /** From now on nothing answers. */
  vanish(): void;
  close(): Promise<void>;
}

export interface ProtocolUnderTest<Q> {
  readonly protocol: Protocol<Q>;
  /** The quirks with which this rig's BMC is to be opened. */
  readonly quirks: (options: RigOptions) => Q;
  readonly start: (options: RigOptions) => Promise<Rig>;
}

interface Opened {
  readonly session: Session;
  readonly media: MediaDriver;
  readonly rig: Rig;
  readonly exchanges: readonly Exchange[];
}

interface Extra {
  readonly options?: RigOptions;
  readonly memory?: Json;
  readonly openSession?: NonNullable<DriverContext["openSession"]>;
  readonly signal?: AbortSignal;
  /** Reuse this BMC instead of starting one. */
  readonly rig?: Rig;
}

export const protocolContract = <Q>(name: string, under: ProtocolUnderTest<Q>): void => {
  const { protocol } = under;
  const cleanups: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  const start = async (options: RigOptions = {}): Promise<Rig> => {
    const rig = await under.start(options);
    cleanups.push(() => rig.close());
    return rig;
  };

  const contextOf = (rig: Rig, exchanges: Exchange[], extra: Extra = {}): DriverContext => ({
    clock: rig.clock,
    signal: extra.signal ?? new AbortController().signal,
    onExchange: (exchange) => exchanges.push(exchange),
    ...(extra.memory === undefined ? {} : { memory: extra.memory }),
    ...(extra.openSession === undefined ? {} : { openSession: extra.openSession }),
  });

  const open = async (extra: Extra = {}): Promise<Opened> => {
    const options = extra.options ?? {};
    const rig = extra.rig ?? (await start(options));
    const exchanges: Exchange[] = [];
    const context = contextOf(rig, exchanges, extra);
    const session = await protocol.open(rig.endpoint, () => under.quirks(options), context);
    const { media } = session;
    if (media === undefined) throw new Error("the rig's BMC offers no media");
    return { session, media, rig, exchanges };
  };

  /** A second conversation that has only what the first one remembered. */
  const reopen = async ({ session, rig }: Opened): Promise<Opened> => {
    const memory = session.memory();
    await session.close();
    return open({ rig, memory });
  };

  describe(`${name} keeps the promise that`, () => {
    test("identifying tells who the session later says it talks to, and leaves no session", async () => {
      const { session, rig } = await open();
      const identity = await protocol.identify(rig.endpoint, contextOf(rig, []));
      expect(identity).toEqual(session.identity);
      expect(identity?.protocol).toBe(protocol.name);
      await session.close();
      expect(rig.openSessions()).toBe(0);
    });

    test("wrong credentials are BMC_AUTHENTICATION, to identify and to open", async () => {
      const rig = await start();
      const endpoint = { ...rig.endpoint, credentials: { username: "nobody", password: "wrong" } };
      const expected = { code: "BMC_AUTHENTICATION" };
      await expect(protocol.identify(endpoint, contextOf(rig, []))).rejects.toMatchObject(expected);
      await expect(protocol.open(endpoint, () => under.quirks({}), contextOf(rig, []))).rejects.toMatchObject(expected);
    });

    test("a BMC that is not there is BMC_UNREACHABLE", async () => {
      const rig = await start();
      rig.vanish();
      await expect(protocol.identify(rig.endpoint, contextOf(rig, []))).rejects.toMatchObject({
        code: "BMC_UNREACHABLE",
      });
    });

    test("every slot that is read fresh has a state", async () => {
      const { media, rig } = await open();
      rig.insertByHand(rig.otherUrl);
      const slots = await media.slots({ fresh: true });
      expect(slots.every(({ state }) => state !== undefined)).toBe(true);
      expect(slots.find(({ id }) => id === rig.slotId)?.state).toMatchObject({ inserted: true, image: rig.otherUrl });
    });

    test("an insert resolves only when the BMC itself shows the medium", async () => {
      const { media, rig } = await open({ options: { showDelayMs: 5000 } });
      const state = await media.insert(rig.slotId, rig.medium);
      expect(rig.held()).toBe(rig.medium.url);
      expect(state).toMatchObject({ inserted: true, image: rig.medium.url });
      expect((await media.slot(rig.slotId)).state).toEqual(state);
    });

    test("an insert that was accepted but never shows is BMC_INCONSISTENT", async () => {
      const { media, rig } = await open({ options: { neverShows: true } });
      await expect(media.insert(rig.slotId, rig.medium)).rejects.toMatchObject({ code: "BMC_INCONSISTENT" });
    });

    test("a slot seen to hold exactly this medium is left as it is, without a request", async () => {
      const { media, rig, session } = await open();
      await media.insert(rig.slotId, rig.medium);
      const before = session.exchanges;
      expect(await media.insert(rig.slotId, rig.medium)).toMatchObject({ inserted: true, image: rig.medium.url });
      expect(session.exchanges).toBe(before);
      expect(rig.effectiveInserts()).toBe(1);
    });

    test("a slot seen to hold somebody else's medium is refused untouched", async () => {
      const { media, rig, session } = await open();
      rig.insertByHand(rig.otherUrl);
      await media.slots({ fresh: true });
      const before = session.exchanges;
      await expect(media.insert(rig.slotId, rig.medium)).rejects.toMatchObject({ code: "SLOT_OCCUPIED" });
      expect(session.exchanges).toBe(before);
      expect(rig.held()).toBe(rig.otherUrl);
    });

    test("a slot filled behind our back is refused untouched", async () => {
      const first = await open();
      await first.media.slots();
      const { media, rig } = await reopen(first);
      rig.insertByHand(rig.otherUrl);
      await expect(media.insert(rig.slotId, rig.medium)).rejects.toMatchObject({ code: "SLOT_OCCUPIED" });
      expect(rig.held()).toBe(rig.otherUrl);
      expect(rig.effectiveEjects()).toBe(0);
    });

    test("an insert repeated after a crash finds its own medium", async () => {
      const first = await open();
      await first.media.insert(first.rig.slotId, first.rig.medium);
      const { media, rig } = await reopen(first);
      expect(await media.insert(rig.slotId, rig.medium)).toMatchObject({ inserted: true, image: rig.medium.url });
      expect(rig.effectiveInserts()).toBe(1);
    });

    test.each([true, false])("an insert whose reply is lost happens once (carried out: %s)", async (carriedOut) => {
      const { media, rig } = await open();
      await media.slots();
      rig.loseReply("insert", carriedOut);
      expect(await media.insert(rig.slotId, rig.medium)).toMatchObject({ inserted: true, image: rig.medium.url });
      expect(rig.effectiveInserts()).toBe(1);
    });

    test("an unknown slot is UNSUPPORTED_BY_BMC", async () => {
      const { media, rig } = await open();
      const expected = { code: "UNSUPPORTED_BY_BMC" };
      await expect(media.insert("no such slot", rig.medium)).rejects.toMatchObject(expected);
      await expect(media.eject("no such slot")).rejects.toMatchObject(expected);
      await expect(media.slot("no such slot")).rejects.toMatchObject(expected);
    });

    test("ejecting an empty slot succeeds, known or not", async () => {
      const first = await open();
      expect(await first.media.eject(first.rig.slotId)).toMatchObject({ inserted: false });
      const { media, rig } = await reopen(first);
      expect(await media.eject(rig.slotId)).toMatchObject({ inserted: false });
      expect(rig.effectiveEjects()).toBe(0);
    });

    test("an eject resolves only when the BMC itself shows an empty slot", async () => {
      const { media, rig } = await open({ options: { showDelayMs: 5000 } });
      await media.insert(rig.slotId, rig.medium);
      expect(await media.eject(rig.slotId)).toEqual({ inserted: false });
      expect(rig.held()).toBeUndefined();
    });

    test("an eject takes whatever the slot holds", async () => {
      const { media, rig } = await open();
      rig.insertByHand(rig.otherUrl);
      expect(await media.eject(rig.slotId)).toMatchObject({ inserted: false });
      expect(rig.held()).toBeUndefined();
    });

    test.each([true, false])("an eject whose reply is lost happens once (carried out: %s)", async (carriedOut) => {
      const { media, rig } = await open();
      await media.insert(rig.slotId, rig.medium);
      rig.loseReply("eject", carriedOut);
      expect(await media.eject(rig.slotId)).toMatchObject({ inserted: false });
      expect(rig.effectiveEjects()).toBe(1);
    });

    test("a boot override is answered as the BMC shows it", async () => {
      const { session, rig } = await open();
      const target = await session.boot?.targetFor(rig.medium.mediaType);
      if (target === undefined) throw new Error("the rig's BMC offers no boot override");
      expect(await session.boot?.targets()).toContain(target);
      expect(await session.boot?.setOverride({ target, enabled: "Once" })).toMatchObject({ target, enabled: "Once" });
      expect(await session.boot?.override()).toMatchObject({ target, enabled: "Once" });
      expect(await session.boot?.setOverride({ target, enabled: "Disabled" })).toMatchObject({ enabled: "Disabled" });
    });

    test("a `Once` that the BMC turned into `Continuous` is told", async () => {
      const { session, rig } = await open({ options: { onceBecomesContinuous: true } });
      const target = (await session.boot?.targetFor(rig.medium.mediaType)) ?? "";
      expect(await session.boot?.setOverride({ target, enabled: "Once" })).toMatchObject({
        target,
        enabled: "Continuous",
      });
    });

    test.each([true, false])(
      "a boot override whose reply is lost is set all the same (carried out: %s)",
      async (carriedOut) => {
        const { session, rig } = await open();
        const target = (await session.boot?.targetFor(rig.medium.mediaType)) ?? "";
        rig.loseReply("boot", carriedOut);
        expect(await session.boot?.setOverride({ target, enabled: "Once" })).toMatchObject({ target, enabled: "Once" });
      },
    );

    test("the machine is switched on and off by reset types that the BMC allows", async () => {
      const { session } = await open();
      const { power } = session;
      expect(await power?.resetTypes()).toEqual(expect.arrayContaining(["On", "ForceOff"]));
      await power?.reset("On");
      expect(await power?.state()).toBe("On");
      await power?.reset("ForceOff");
      expect(await power?.state()).toBe("Off");
    });

    test("what is remembered is plain JSON without a secret, and opens without a request", async () => {
      const first = await open();
      await first.media.slots();
      const memory = first.session.memory();
      expect(JSON.parse(JSON.stringify(memory))).toEqual(memory);
      expect(JSON.stringify(memory)).not.toContain(first.rig.endpoint.credentials?.password);
      const { session, media, exchanges } = await reopen(first);
      expect(exchanges).toEqual([]);
      expect(session.identity).toEqual(first.session.identity);
      expect((await media.slots()).map(({ id }) => id)).toContain(first.rig.slotId);
      expect(exchanges).toEqual([]);
      expect(session.memory()).toEqual(memory);
    });

    test.each([{ version: 99 }, "nonsense", null, { learnt: {} }])(
      "memory that is no good is ignored: %j",
      async (memory) => {
        const { media, rig } = await open({ memory });
        expect(await media.insert(rig.slotId, rig.medium)).toMatchObject({ inserted: true });
      },
    );

    test("every exchange is told and counted, and none shows a secret", async () => {
      const { session, media, rig, exchanges } = await open();
      await media.insert(rig.slotId, rig.medium);
      expect(session.exchanges).toBe(exchanges.length);
      expect(exchanges.length).toBeGreaterThan(2);
      expect(JSON.stringify(exchanges)).not.toContain(rig.endpoint.credentials?.password);
    });

    test("a conversation with an aborted signal does nothing", async () => {
      const stop = new AbortController();
      const { media, rig } = await open({ signal: stop.signal });
      await media.slots();
      stop.abort();
      await expect(media.insert(rig.slotId, rig.medium)).rejects.toMatchObject({ code: "CANCELLED" });
      expect(rig.effectiveInserts()).toBe(0);
    });

    test("closing leaves no session, even after an abort, and is stored before use and after the end", async () => {
      const stop = new AbortController();
      const stored: (Json | undefined)[] = [];
      const openSession = {
        save: async (left: Json | undefined): Promise<void> => {
          stored.push(left);
        },
      };
      const options = { sessions: true };
      const { session, media, rig } = await open({ options, openSession, signal: stop.signal });
      await media.slots({ fresh: true });
      const used = rig.openSessions();
      stop.abort();
      await session.close();
      expect(rig.openSessions()).toBe(0);
      expect(stored.at(-1)).toBeUndefined();
      expect(stored.filter((left) => left !== undefined)).toHaveLength(used);
    });

    test("a session that a crashed predecessor left open is ended at the next opening", async () => {
      let left: Json | undefined;
      const save = async (session: Json | undefined): Promise<void> => {
        left = session;
      };
      const options = { sessions: true };
      const first = await open({ options, openSession: { save } });
      await first.media.slots({ fresh: true });
      const used = first.rig.openSessions();
      const openSession = left === undefined ? { save } : { save, left };
      const second = await open({ options, openSession, rig: first.rig, memory: first.session.memory() });
      expect(second.rig.openSessions()).toBe(0);
      await second.media.slots({ fresh: true });
      expect(second.rig.openSessions()).toBe(used);
      await second.session.close();
      expect(first.rig.openSessions()).toBe(0);
    });
  });
};
