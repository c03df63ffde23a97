// What every MachineStore promises, whatever keeps its rows. Called with each implementation.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MachineStore } from "../../src/core/ports.ts";
import type { ManualClock } from "../tools/manual-clock.ts";
import { sampleMachine } from "../tools/store-samples.ts";

export interface MachinesUnderTest {
  readonly machines: MachineStore;
  readonly clock: ManualClock;
  /** The same content through a new object, as after a restart. */
  reopen(): Promise<MachineStore>;
  close(): Promise<void>;
}

const login = { username: "root", password: "swordfish-1" };
const identity = { protocol: "redfish", oem: [], product: "Sample BMC" } as const;

export const machineStoreContract = (name: string, open: () => Promise<MachinesUnderTest>): void => {
  describe(`the machine store in ${name}`, () => {
    let under: MachinesUnderTest;
    let machines: MachineStore;
    beforeEach(async () => {
      under = await open();
      machines = under.machines;
    });
    afterEach(() => under.close());

    it("answers a machine by its id and by its name, also after a restart", async () => {
      const machine = sampleMachine("m1", { labels: { rack: "r1" }, identity });
      await machines.create(machine, []);
      expect(await machines.get("id-m1")).toEqual(machine);
      expect(await (await under.reopen()).get("m1")).toEqual(machine);
    });

    it("prefers the id where one machine's name is another's id", async () => {
      await machines.create(sampleMachine("other", { name: "id-m1" }), []);
      await machines.create(sampleMachine("m1"), []);
      expect((await machines.get("id-m1")).name).toBe("m1");
    });

    it("refuses a name that exists, on creation and on renaming", async () => {
      await machines.create(sampleMachine("m1"), []);
      await machines.create(sampleMachine("m2"), []);
      await expect(machines.create(sampleMachine("m1", { id: "new" }), [])).rejects.toMatchObject({
        code: "MACHINE_EXISTS",
      });
      await expect(machines.update(sampleMachine("m2", { name: "m1" }), ["keep"])).rejects.toMatchObject({
        code: "MACHINE_EXISTS",
      });
      expect((await machines.get("id-m2")).name).toBe("m2");
    });

    it("names the machine that is not there", async () => {
      const missing = { code: "MACHINE_NOT_FOUND" };
      await expect(machines.get("m1")).rejects.toMatchObject(missing);
      await expect(machines.update(sampleMachine("m1"), [])).rejects.toMatchObject(missing);
      await expect(machines.remove("id-m1")).rejects.toMatchObject(missing);
      await expect(machines.endpoint("id-m1", 0)).rejects.toMatchObject(missing);
      await expect(machines.remember("id-m1", {})).rejects.toMatchObject(missing);
      await expect(machines.saveOpenSession("id-m1", {})).rejects.toMatchObject(missing);
    });

    it("unseals an endpoint's credentials, and says in the record only that there are some", async () => {
      await machines.create(sampleMachine("m1"), [login]);
      const record = await machines.get("m1");
      expect(record.endpoints[0]?.hasCredentials).toBe(true);
      expect(JSON.stringify(record)).not.toContain("swordfish");
      const { protocol, address, tls } = sampleMachine("m1").endpoints[0] ?? {};
      expect(await machines.endpoint("id-m1", 0)).toEqual({ protocol, address, tls, credentials: login });
      await expect(machines.endpoint("id-m1", 1)).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    it("keeps, replaces and removes credentials on update, endpoint by endpoint", async () => {
      const [endpoint] = sampleMachine("m1").endpoints;
      if (!endpoint) throw new Error("the sample has no endpoint");
      const three = sampleMachine("m1", { endpoints: [endpoint, endpoint, endpoint] });
      await machines.create(three, [login, login, login]);
      await machines.update(three, ["keep", { ...login, password: "new" }, undefined]);
      expect((await machines.endpoint("id-m1", 0)).credentials).toEqual(login);
      expect((await machines.endpoint("id-m1", 1)).credentials).toEqual({ ...login, password: "new" });
      expect((await machines.endpoint("id-m1", 2)).credentials).toBeUndefined();
      expect((await machines.get("m1")).endpoints.map((one) => one.hasCredentials)).toEqual([true, true, false]);
    });

    it("does not bring back credentials of an endpoint that was removed", async () => {
      const [endpoint] = sampleMachine("m1").endpoints;
      if (!endpoint) throw new Error("the sample has no endpoint");
      const two = sampleMachine("m1", { endpoints: [endpoint, endpoint] });
      await machines.create(two, [login, login]);
      await machines.update(sampleMachine("m1"), ["keep"]);
      await machines.update(two, ["keep", "keep"]);
      expect((await machines.endpoint("id-m1", 1)).credentials).toBeUndefined();
      expect((await machines.get("m1")).endpoints.map((one) => one.hasCredentials)).toEqual([true, false]);
    });

    it("forgets all that belonged to a removed machine", async () => {
      await machines.create(sampleMachine("m1", { labels: { rack: "r1" } }), [login]);
      await machines.saveOpenSession("id-m1", { token: "t" });
      await machines.remember("id-m1", { slots: 2 });
      await machines.remove("id-m1");
      expect(await machines.count()).toBe(0);
      await machines.create(sampleMachine("m1"), []);
      await machines.update(sampleMachine("m1"), ["keep"]);
      expect((await machines.endpoint("id-m1", 0)).credentials).toBeUndefined();
      expect(await machines.openSession("id-m1")).toBeUndefined();
      expect(await machines.memory("id-m1")).toBeUndefined();
    });

    it("remembers with the time, forgets, and learns who the machine is", async () => {
      await machines.create(sampleMachine("m1"), []);
      expect(await machines.memory("id-m1")).toBeUndefined();
      await under.clock.advance(1_000);
      await machines.remember("id-m1", { slots: ["a"] }, identity);
      expect(await machines.memory("id-m1")).toEqual({ memory: { slots: ["a"] }, savedAt: under.clock.now() });
      expect((await machines.get("m1")).identity).toEqual(identity);
      await machines.remember("id-m1", undefined);
      expect(await machines.memory("id-m1")).toBeUndefined();
      expect((await machines.get("m1")).identity).toEqual(identity);
    });

    it("keeps an open session until it is closed, over a restart too", async () => {
      await machines.create(sampleMachine("m1"), []);
      await machines.saveOpenSession("id-m1", { uri: "/s/1", token: "first" });
      await machines.saveOpenSession("id-m1", { uri: "/s/2", token: "second" });
      const reopened = await under.reopen();
      expect(await reopened.openSession("id-m1")).toEqual({ uri: "/s/2", token: "second" });
      expect(await reopened.withOpenSession()).toEqual(["id-m1"]);
      await reopened.saveOpenSession("id-m1", undefined);
      await reopened.saveOpenSession("id-m1", undefined);
      expect(await reopened.openSession("id-m1")).toBeUndefined();
      expect(await reopened.withOpenSession()).toEqual([]);
    });

    it("lists by name, page by page, each machine once", async () => {
      const names = ["zeta", "alpha", "Beta", "m-10", "m-9"];
      for (const machine of names) await machines.create(sampleMachine(machine), []);
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await machines.list({ limit: 2, ...(after !== undefined && { after }) });
        expect(page.items.length).toBeLessThanOrEqual(2);
        seen.push(...page.items.map((machine) => machine.name));
        after = page.next;
      } while (after !== undefined);
      expect(seen).toEqual(names.toSorted((a, b) => (a < b ? -1 : 1)));
      expect(await machines.count()).toBe(names.length);
    });

    it("has no next page after a full last one", async () => {
      for (const machine of ["a", "b"]) await machines.create(sampleMachine(machine), []);
      expect((await machines.list({ limit: 2 })).next).toBeUndefined();
    });

    it("refuses a cursor that is not its own", async () => {
      for (const after of ["%%%", "e30", Buffer.from("[1,2]").toString("base64url")]) {
        await expect(machines.list({ limit: 2, after })).rejects.toMatchObject({ code: "INVALID_REQUEST" });
      }
    });

    it("filters by labels that must all match; an empty value matches any", async () => {
      await machines.create(sampleMachine("a", { labels: { rack: "r1", site: "x" } }), []);
      await machines.create(sampleMachine("b", { labels: { rack: "r1", site: "y" } }), []);
      await machines.create(sampleMachine("c", { labels: { rack: "r2" } }), []);
      const names = async (labels: Readonly<Record<string, string>>): Promise<readonly string[]> =>
        (await machines.list({ limit: 10 }, labels)).items.map((machine) => machine.name);
      expect(await names({ rack: "r1" })).toEqual(["a", "b"]);
      expect(await names({ rack: "r1", site: "y" })).toEqual(["b"]);
      expect(await names({ site: "" })).toEqual(["a", "b"]);
      expect(await names({ rack: "r3" })).toEqual([]);
      await machines.update(sampleMachine("a", { labels: { rack: "r3" } }), []);
      expect(await names({ rack: "r3" })).toEqual(["a"]);
      expect(await names({ rack: "r1" })).toEqual(["b"]);
    });
  });
};
