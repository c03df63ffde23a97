// The crawl is bounded, goes one request at a time, and survives a BMC that cannot show everything.
import { describe, expect, test } from "vitest";
import type { Json, ResourceAnswer } from "../../src/core/driver.ts";
import { MediabayError } from "../../src/core/errors.ts";
import { crawl } from "../../src/recording/crawl.ts";

type Body = Record<string, Json>;

const link = (uri: string) => ({ "@odata.id": uri });

/** Answers from a table; a function may throw. Fails when asked twice for the same, or before the last answer was given. */
const reader = (answers: (path: string) => Body | undefined) => {
  const reads: string[] = [];
  let busy = false;
  const read = async (path: string): Promise<ResourceAnswer> => {
    expect([path, busy, reads.includes(path)]).toEqual([path, false, false]);
    reads.push(path);
    busy = true;
    await Promise.resolve();
    busy = false;
    const body = answers(path);
    return body === undefined ? { status: 404, headers: {} } : { status: 200, headers: {}, body };
  };
  return { reads, read };
};

describe("a crawl", () => {
  test("of a service that links on and on ends, and says so", async () => {
    const { reads, read } = reader((path) =>
      path === "/redfish/v1/"
        ? { Systems: link("/redfish/v1/Systems") }
        : { "Members@odata.nextLink": `/redfish/v1/Systems?page=${reads.length}` },
    );
    const { notes } = await crawl({ read });
    expect(reads).toHaveLength(300);
    expect(notes).toEqual(["After 300 resources nothing more was read."]);
  });

  test("joins the pages of a collection", async () => {
    const table: Record<string, Body> = {
      "/redfish/v1/": { Systems: link("/redfish/v1/Systems") },
      "/redfish/v1/Systems": {
        Members: [link("/redfish/v1/Systems/1")],
        "Members@odata.nextLink": "/redfish/v1/Systems?$skip=1",
      },
      "/redfish/v1/Systems?$skip=1": { Members: [link("/redfish/v1/Systems/2")] },
      "/redfish/v1/Systems/1": { Id: "1" },
      "/redfish/v1/Systems/2": { Id: "2" },
    };
    const { resources } = await crawl({ read: reader((path) => table[path]).read });
    expect(resources.map(({ uri, role }) => [uri, role])).toEqual([
      ["/redfish/v1/", "root"],
      ["/redfish/v1/Systems", "systems"],
      ["/redfish/v1/Systems/1", "system"],
      ["/redfish/v1/Systems/2", "system"],
    ]);
    expect(resources[1]?.body).toEqual({ Members: [link("/redfish/v1/Systems/1"), link("/redfish/v1/Systems/2")] });
  });

  test("tells how far it is", async () => {
    const told: (readonly [number, number])[] = [];
    const root = { Systems: link("/redfish/v1/Systems"), Managers: link("/redfish/v1/Managers/") };
    const { read } = reader((path) => (path === "/redfish/v1/" ? root : {}));
    await crawl({ read, onProgress: (...progress) => told.push(progress) });
    expect(told).toEqual([
      [1, 2],
      [2, 1],
      [3, 0],
    ]);
  });

  test("follows nothing outside what matters for virtual media, and no link to elsewhere", async () => {
    const root = {
      Chassis: link("/redfish/v1/Chassis"),
      AccountService: link("/redfish/v1/AccountService"),
      Managers: link("https://elsewhere.example/redfish/v1/Managers"),
    };
    const { reads, read } = reader(() => root);
    await crawl({ read });
    expect(reads).toEqual(["/redfish/v1/"]);
  });

  const failing = (code: "BMC_MALFORMED" | "BMC_TIMEOUT" | "BMC_UNREACHABLE") =>
    reader((path) => {
      if (path === "/redfish/v1/")
        return { Systems: link("/a"), Managers: link("/b"), Tasks: link("/c"), SessionService: link("/d") };
      throw new MediabayError(code, "broken");
    });

  test("goes on past what is malformed, and gives up on a BMC that answers no more", async () => {
    expect((await crawl(failing("BMC_MALFORMED"))).notes).toEqual([
      "/a: BMC_MALFORMED.",
      "/b: BMC_MALFORMED.",
      "/d: BMC_MALFORMED.",
      "/c: BMC_MALFORMED.",
    ]);
    for (const [code, tries] of [
      ["BMC_TIMEOUT", 4],
      ["BMC_UNREACHABLE", 2],
    ] as const) {
      const { reads, read } = failing(code);
      await expect(crawl({ read })).rejects.toMatchObject({ code });
      expect(reads).toHaveLength(tries);
    }
  });

  test("of what is no Redfish service is refused", async () => {
    await expect(crawl(reader(() => undefined))).rejects.toMatchObject({ code: "UNSUPPORTED_BY_BMC" });
  });
});
