// What keeps a machine from being removed says how to go on, whichever side asked.
import { expect, test } from "vitest";
import { removeMachine } from "../../src/gateway/machines.ts";
import { sampleMachine } from "../tools/store-samples.ts";

type Deps = Parameters<typeof removeMachine>[0];

/** @param live its live attachments @param left those whose medium may still be in a slot */
const removing = (live: readonly object[], left: readonly object[]): Promise<void> => {
  const deps = {
    machines: { get: async () => sampleMachine("m1") },
    operations: { busy: () => false },
    attachments: {
      list: async (_page: unknown, filter: { readonly has?: string }) => ({
        items: filter.has === "leftIn" ? left : live,
      }),
    },
  } as unknown as Deps;
  return removeMachine(deps, "m1", { actor: { name: "a", role: "admin" } });
};

test.each([
  ["a live attachment", [{ id: "a1" }], []],
  ["a medium that was left in", [], [{ id: "a1", leftIn: "Cd" }]],
])("%s: by --detach of the command line, by REST, or by force", async (_what, live, left) => {
  const error: unknown = await removing(live, left).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "MACHINE_BUSY", context: { hint: expect.stringContaining("--detach") } });
  expect(error).toMatchObject({ context: { hint: expect.stringContaining("DELETE /v1/machines/{machine}/") } });
  expect(error).toMatchObject({ context: { hint: expect.stringContaining("force") } });
});
