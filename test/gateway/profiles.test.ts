import { describe, expect, test } from "vitest";
import type { Identity, Session } from "../../src/core/driver.ts";
import type { ProfileExplanation } from "../../src/core/ports.ts";
import type { Conversation, Conversations } from "../../src/gateway/connect.ts";
import type { GatewayDeps } from "../../src/gateway/deps.ts";
import { explainProfile, listProfiles } from "../../src/gateway/profiles.ts";

const ids = ["acme/one", "acme/two", "generic"];
const explained: ProfileExplanation = { id: "acme/one", title: "One", origins: ["shipped"], notes: [], quirks: [] };

/** Only what profiles need; explains whom it was asked about. */
const depsOf = (identity?: Identity): GatewayDeps =>
  ({
    machines: { get: async () => ({ id: "m-1", name: "web1", ...(identity && { identity }) }) },
    profiles: {
      list: () => ids.map((id) => ({ id, title: id, origins: [] })),
      explain: ({ vendor = "nobody" }: Identity) => ({ ...explained, title: vendor }),
    },
  }) as unknown as GatewayDeps;

const conversationsWith = (identity: Identity | undefined) => {
  const asked: string[] = [];
  const converse: Conversations["converse"] = (id, _options, work) => {
    asked.push(id);
    return work({ session: { identity } as Session } as Conversation);
  };
  return { asked, conversations: { converse } as Conversations };
};

const bmc = (vendor: string): Identity => ({ protocol: "redfish", oem: [], vendor });

describe("profiles are listed", () => {
  test("page by page, each once", () => {
    const first = listProfiles(depsOf(), { limit: 2 });
    expect(first.items.map(({ id }) => id)).toEqual(["acme/one", "acme/two"]);
    expect(first.next).toBe("acme/two");
    const second = listProfiles(depsOf(), { limit: 2, after: "acme/two" });
    expect(second.items.map(({ id }) => id)).toEqual(["generic"]);
    expect(second).not.toHaveProperty("next");
  });

  test("without a next page when the last one is just full", () => {
    expect(listProfiles(depsOf(), { limit: 3 })).not.toHaveProperty("next");
  });
});

describe("a machine's profile is explained", () => {
  const { signal } = new AbortController();

  test("from what its BMC is known to be, without a word to it", async () => {
    const { asked, conversations } = conversationsWith(bmc("Now"));
    const found = await explainProfile(depsOf(bmc("Known")), conversations, "web1", signal);
    expect(found).toMatchObject({ machine: "web1", id: "acme/one", title: "Known", identity: { vendor: "Known" } });
    expect(asked).toEqual([]);
  });

  test("from what its BMC says, where it was never spoken to", async () => {
    const { asked, conversations } = conversationsWith(bmc("Now"));
    const found = await explainProfile(depsOf(), conversations, "web1", signal);
    expect(found).toMatchObject({ title: "Now", identity: { vendor: "Now" } });
    expect(asked).toEqual(["m-1"]);
  });
});
