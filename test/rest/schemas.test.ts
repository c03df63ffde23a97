// The documented answers have the members of the records that they show: held by the type check, so that neither can change alone.
import { describe, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type { Identity, SlotState } from "../../src/core/driver.ts";
import type { Accepted, BootView, MediaView, PowerView } from "../../src/core/gateway.ts";
import type { AttachPlan, Fitness, ProbeReport } from "../../src/core/probe.ts";
import type {
  AttachmentRecord,
  AuditRecord,
  FileReads,
  ImageRecord,
  MachineRecord,
  OperationRecord,
  ReadSummary,
  TokenRecord,
} from "../../src/core/records.ts";
import type { SourceCredentialRecord } from "../../src/core/source-credentials.ts";
import type * as hardware from "../../src/rest/schemas/hardware.ts";
import type * as read from "../../src/rest/schemas/reads.ts";
import type * as records from "../../src/rest/schemas/records.ts";

type Members<S extends z.ZodType> = keyof z.output<S>;

describe("a documented answer", () => {
  it("has the members of its record, and no other", () => {
    expectTypeOf<Members<typeof records.machine>>().toEqualTypeOf<keyof MachineRecord>();
    expectTypeOf<Members<typeof records.image>>().toEqualTypeOf<keyof ImageRecord>();
    expectTypeOf<Members<typeof records.attachment>>().toEqualTypeOf<keyof AttachmentRecord>();
    expectTypeOf<Members<typeof read.reads>>().toEqualTypeOf<keyof ReadSummary>();
    expectTypeOf<Members<typeof read.fileReads>>().toEqualTypeOf<keyof FileReads>();
    expectTypeOf<Members<typeof records.operation>>().toEqualTypeOf<keyof OperationRecord>();
    expectTypeOf<Members<typeof records.audit>>().toEqualTypeOf<keyof AuditRecord>();
    expectTypeOf<Members<typeof records.token>>().toEqualTypeOf<keyof TokenRecord>();
    expectTypeOf<Members<typeof records.credential>>().toEqualTypeOf<keyof SourceCredentialRecord>();
    expectTypeOf<Members<typeof records.accepted>>().toEqualTypeOf<keyof Accepted>();
    expectTypeOf<Members<typeof hardware.identity>>().toEqualTypeOf<keyof Identity>();
    expectTypeOf<Members<typeof hardware.slotState>>().toEqualTypeOf<keyof SlotState>();
    expectTypeOf<Members<typeof hardware.bootView>>().toEqualTypeOf<keyof BootView>();
    expectTypeOf<Members<typeof hardware.powerView>>().toEqualTypeOf<keyof PowerView>();
    expectTypeOf<Members<typeof hardware.mediaView>>().toEqualTypeOf<keyof MediaView>();
    expectTypeOf<Members<typeof hardware.probeReport>>().toEqualTypeOf<keyof ProbeReport>();
    expectTypeOf<Members<typeof hardware.attachPlan>>().toEqualTypeOf<keyof AttachPlan>();
    expectTypeOf<Members<typeof hardware.fitness>>().toEqualTypeOf<keyof Fitness>();
  });
});
