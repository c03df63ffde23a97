// What comes with a request is stored before the work is accepted, so that none of it enters the journal; what is elsewhere is named only.
import { expect, it } from "vitest";
import type { Source } from "../../src/core/ports.ts";
import { sourceRecord, storedSource } from "../../src/gateway/sources.ts";
import { sampleMachine } from "../tools/store-samples.ts";

const stored = { kind: "image", digest: "d".repeat(64) } as const;

/** What is kept for the work, and what the images were asked to store. */
const keep = async (source: Source): Promise<{ readonly kept: Source; readonly asked: readonly Source[] }> => {
  const asked: Source[] = [];
  const ensure = async (request: { readonly source: Source }) => {
    asked.push(request.source);
    return { digest: stored.digest };
  };
  const deps = { images: { ensure }, deadlineMs: 1000 } as unknown as Parameters<typeof storedSource>[0];
  const wanted = { source, role: "configdrive", machine: sampleMachine("m1"), holder: "a1" } as const;
  return { kept: await storedSource(deps, wanted), asked };
};

it.each<Source>([
  { kind: "uri", uri: "https://user:canary@origin.example/c.iso", credential: "mirror" },
  { kind: "uri", uri: "swift://container/data:,x" },
  stored,
])("%j stays as it is", async (source) => {
  expect(await keep(source)).toEqual({ kept: source, asked: [] });
});

it.each<Source>([
  { kind: "blob", base64: "Y2FuYXJ5" },
  { kind: "uri", uri: "data:;base64,Y2FuYXJ5" },
  { kind: "uri", uri: " DATA:,canary" },
  { kind: "uri", uri: "data:application/x-iso;name=config%202.iso;base64,Y2FuYXJ5" },
  { kind: "uri", uri: 'data:;charset="utf-8",canary' },
  { kind: "uri", uri: "data:text/plain; base64,Y2FuYXJ5" },
  { kind: "uri", uri: "data:x(1);,canary" },
  { kind: "uri", uri: "data:<a>\n;,canary" },
])("%j is stored at once", async (source) => {
  expect(await keep(source)).toEqual({ kept: stored, asked: [source] });
  expect(JSON.stringify(sourceRecord(source, stored))).not.toMatch(/canary|Y2FuYXJ5/);
});

it("a config drive is stored at once, with the machine's id and name where it has none", async () => {
  const drive = { content: { user_data: "canary", meta_data: { name: "other" } }, layout: "nocloud" } as const;
  const { kept, asked } = await keep({ kind: "configdrive", drive });
  const meta_data = { uuid: "id-m1", name: "other" };
  expect(kept).toEqual(stored);
  expect(asked).toEqual([{ kind: "configdrive", drive: { ...drive, content: { ...drive.content, meta_data } } }]);
});
