// What the reads of an attachment look like in answers (core/records.ts ReadSummary).
import { z } from "zod";
import { readPatterns } from "../../core/vocabulary.ts";

const text = z.string();
const count = z.number().int().min(0);
const maybeDate = z.iso.datetime().exactOptional();
const texts = z.array(text);

export const fileReads = z
  .object({
    path: text,
    sizeBytes: count,
    readBytes: count,
    firstReadAt: maybeDate,
    completeAt: maybeDate.describe("When the last of its bytes was sent."),
  })
  .meta({ id: "FileReads" });

export const reads = z
  .object({
    requests: count,
    bytesSent: count,
    coveredBytes: count,
    coverage: z.array(z.object({ from: count, to: count })).describe("What was read, in order; at most 256 ranges."),
    coverageLeftOut: count.exactOptional().describe("How many more ranges there are, where not all are listed."),
    firstReadAt: maybeDate,
    lastReadAt: maybeDate,
    remotes: texts,
    pattern: z
      .enum(readPatterns)
      .exactOptional()
      .describe(
        "`pieces`: as the host asks. `download`: in such an order, or so much at once, that it cannot be told what the host read.",
      ),
    settledBytes: count
      .exactOptional()
      .describe("Distinct bytes that `pattern` and `files` go by: read since the medium was in, or the machine reset."),
    strangers: z
      .object({ requests: count, bytesSent: count, remotes: texts })
      .exactOptional()
      .describe("By addresses that are not the BMC's; they count for nothing else here."),
    files: z
      .array(fileReads)
      .exactOptional()
      .describe(
        "Of an image whose files are known: how much of each the BMC was sent. At most 256, first those that cloud-init reads.",
      ),
    filesLeftOut: count.exactOptional().describe("How many more files the image has, where not all are listed."),
  })
  .meta({ id: "ReadSummary" });
