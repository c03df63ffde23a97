import { describe, expect, it } from "vitest";
import { createSeenSources } from "../../src/images/seen-sources.ts";

const validator = { answeredBy: "place", condition: { "if-none-match": '"1"' } };

describe("the memory of sources", () => {
  it("keeps the latest of each, and forgets what can no longer be known", () => {
    const seen = createSeenSources();
    seen.remember("a", "digest-1", validator);
    seen.remember("a", "digest-2", validator);
    expect(seen.recall("a")).toEqual({ digest: "digest-2", validator });
    seen.remember("a", "digest-3", undefined);
    expect([seen.recall("a"), seen.recall("b")]).toEqual([undefined, undefined]);
  });

  it("is bounded: what was used longest ago goes first", () => {
    const seen = createSeenSources(2);
    seen.remember("a", "1", validator);
    seen.remember("b", "2", validator);
    seen.recall("a");
    seen.remember("c", "3", validator);
    expect(["a", "b", "c"].map((key) => seen.recall(key)?.digest)).toEqual(["1", undefined, "3"]);
  });
});
