// Every shipped fixture, recorded as if it were a real BMC: the recording replays, is whole, and behaves as far as reading tells.
import { describe, expect, test } from "vitest";
import { listFixtures } from "../../src/simulators/redfish/index.ts";
import { simulate } from "../simulators/redfish-client.ts";
import { recordOf, written } from "./replayed.ts";

const fixtures = (await listFixtures()).map(({ name }) => name);

const linksIn = (text: string): readonly string[] =>
  [...text.matchAll(/"(?:@odata\.id|target)":\s*"([^"#]+)"/gu)].map((match) => match[1] ?? "");

describe.each(fixtures)("a recording of %s", (fixture) => {
  test("links to nothing that is missing, and recorded again says the same of the BMC", async () => {
    const { bmc } = await simulate({ fixture });
    const recording = await recordOf(bmc);
    const replay = await simulate({ fixture: await written(recording) });
    const seen = new Set(["/redfish/v1"]);
    for (const uri of seen) {
      const { status, body, text } = await replay.call("GET", uri);
      expect([uri, status]).toEqual([uri, uri.includes("/Actions/") ? 405 : 200]);
      if (status === 200) for (const link of linksIn(text)) seen.add(link.replace(/(?<=.)\/$/u, ""));
      const members = Array.isArray(body["Members"]) ? body["Members"] : [];
      expect([uri, body["Members@odata.count"] ?? 0]).toEqual([uri, members.length]);
    }
    const again = await recordOf(replay.bmc);
    const { "personality.json": first } = recording.files;
    expect(JSON.parse(again.files["personality.json"])).toEqual(JSON.parse(first));
    expect(again.resources).toBe(recording.resources);
  });
});
