// Accepting: what was stored for a request is given back where it was not accepted, and only then.
import { describe, expect, test } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import type { AttachmentRecord } from "../../src/core/records.ts";
import type { SubmittingDeps } from "../../src/gateway/deps.ts";
import { submitReplace } from "../../src/gateway/replace/submit-replace.ts";
import { submitAttach } from "../../src/gateway/submit.ts";
import { silentLog } from "../tools/image-plane.ts";
import { sampleMachine } from "../tools/store-samples.ts";

const machine = sampleMachine("m1");
const broken = new MediabayError("STORE_UNAVAILABLE", "The database is busy.");
const refusal = new MediabayError("SLOT_OCCUPIED", "There is one already.");

interface Failing {
  readonly submit?: MediabayError;
  readonly created?: boolean;
  readonly audit?: MediabayError;
  readonly release?: MediabayError;
}

const setScene = (failing: Failing) => {
  const released: string[] = [];
  const attachment = { id: "a1", machineId: machine.id, role: "configdrive", state: "attached" } as AttachmentRecord;
  const unless = (error: MediabayError | undefined): void => {
    if (error !== undefined) throw error;
  };
  const deps = {
    clock: { now: () => 7 },
    log: silentLog,
    deadlineMs: 1000,
    machines: { get: async () => machine },
    attachments: { get: async () => attachment },
    auditLog: { append: async () => unless(failing.audit) },
    images: {
      check: () => undefined,
      ensure: async () => ({ digest: "d".repeat(64) }),
      release: async (holder: string) => {
        released.push(holder);
        unless(failing.release);
      },
    },
    operations: {
      submit: async (operation: object) => {
        unless(failing.submit);
        return { operation, created: failing.created ?? true };
      },
    },
  } as unknown as SubmittingDeps;
  const request = { source: { kind: "blob", base64: "AAAA" } } as const;
  const options = { actor: { name: "me", role: "operator" } } as const;
  return {
    released,
    attach: () => submitAttach(deps, machine, request, options),
    replace: () => submitReplace(deps, "a1", request, options),
  };
};

describe.each(["attach", "replace"] as const)("of %s", (kind) => {
  test("what was accepted keeps its bytes, though its audit fails", async () => {
    const scene = setScene({ audit: broken });
    await expect(scene[kind]()).rejects.toBe(broken);
    expect(scene.released).toEqual([]);
  });

  test("what was not accepted gives them back, and a release that fails does not hide why", async () => {
    const scene = setScene({ submit: refusal, release: broken });
    await expect(scene[kind]()).rejects.toBe(refusal);
    expect(scene.released).toHaveLength(1);
  });

  test("what had been accepted before gives back its second copy", async () => {
    const scene = setScene({ created: false, release: broken });
    expect(await scene[kind]()).toMatchObject({ created: false });
    expect(scene.released).toHaveLength(1);
  });
});
