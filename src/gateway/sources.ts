// What a request names as an image: kept before the work is accepted where it came with the request, and shown without its secrets.
import type { DriveRequest } from "../core/configdrive.ts";
import type { Source } from "../core/ports.ts";
import type { MachineRecord, SourceRecord } from "../core/records.ts";
import { redactText } from "../core/redact.ts";
import type { AttachmentRole } from "../core/vocabulary.ts";
import type { SubmittingDeps } from "./deps.ts";

export interface NamedSource {
  readonly source: Source;
  readonly role: AttachmentRole;
  readonly digest?: string;
  readonly machine: MachineRecord;
  readonly holder: string;
}

/** A `data:` URI is a blob by another name. */
const holdsBytes = (uri: string): boolean => /^\s*data:/i.test(uri);

/**
 * A blob is decoded, a config drive built, checked and stored before the operation is accepted: a bad one is refused at once, and neither a
 * large one nor what is in it ever enters the journal.
 */
export const storedSource = async (
  deps: Pick<SubmittingDeps, "images" | "deadlineMs">,
  { source, role, digest, machine, holder }: NamedSource,
): Promise<Source> => {
  if (source.kind === "image" || (source.kind === "uri" && !holdsBytes(source.uri))) return source;
  const image = await deps.images.ensure({
    source: source.kind === "configdrive" ? { ...source, drive: withDefaults(source.drive, machine) } : source,
    role,
    ...(digest === undefined ? {} : { expectedDigest: digest }),
    holder,
    signal: AbortSignal.timeout(deps.deadlineMs),
  });
  return { kind: "image", digest: image.digest };
};

/** As Ironic does: the node's own where meta_data names none. */
const withDefaults = (drive: DriveRequest, { id, name }: MachineRecord): DriveRequest => ({
  ...drive,
  content: { ...drive.content, meta_data: { uuid: id, name, ...drive.content.meta_data } },
});

/** For the idempotency hash: defaults and whatever else goes into the built image are not of the request. */
export const askedSource = (asked: Source, stored: Source): Source => (asked.kind === "configdrive" ? asked : stored);

export const sourceRecord = (asked: Source, stored: Source): SourceRecord => {
  if (asked.kind === "uri")
    return { kind: "uri", display: holdsBytes(asked.uri) ? "data:******" : redactText(asked.uri) };
  if (asked.kind !== "image") return { kind: asked.kind, display: asked.kind };
  return { kind: "image", display: `image:${stored.kind === "image" ? stored.digest : asked.digest}` };
};
