// Attachments: desired and observed state, kept as one JSON record with the columns that are searched beside it.
import type { Clock } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import type { AttachmentFilter, AttachmentStore, PageRequest } from "../../core/ports.ts";
import type { AttachmentRecord, Page } from "../../core/records.ts";
import type { AttachmentState } from "../../core/vocabulary.ts";
import { redact } from "../../core/redact.ts";
import { type Database, type Tables, UniqueViolation } from "../tables/database.ts";
import { fromText, given, toText } from "../tables/json.ts";
import { ageKey, decodeCursor, pageLimit, toPage } from "../tables/page.ts";
import type { AttachmentsTable } from "../tables/schema.ts";

export const alreadyAttached = (machine: string, role: string, attachment?: string, cause?: unknown): MediabayError =>
  new MediabayError(
    "ALREADY_ATTACHED",
    `The machine ${machine} has an attachment with role ${role}.`,
    { machine, role, ...given("attachment", attachment) },
    { cause },
  );

export interface CountingAttachmentStore extends AttachmentStore {
  count(state: AttachmentState): Promise<number>;
}

export const createAttachmentStore = (database: Database, clock: Clock): CountingAttachmentStore => ({
  count: (state) =>
    database.read(async (tables) => {
      const { count } = await tables
        .selectFrom("attachments")
        .select((attachment) => attachment.fn.countAll<number>().as("count"))
        .where("state", "=", state)
        .executeTakeFirstOrThrow();
      return count;
    }),
  get: (id) => database.read((tables) => getAttachment(tables, id)),
  list: (page, filter) => database.read((tables) => listAttachments(tables, page, filter ?? {})),
  async update(id, change) {
    try {
      return await database.write((tables) => changeAttachment(tables, id, change, clock.now()));
    } catch (error) {
      if (!(error instanceof UniqueViolation)) throw error;
      const { machineName, role } = await database.read((tables) => getAttachment(tables, id));
      throw alreadyAttached(machineName, role, undefined, error);
    }
  },
});

/** The BMC echoes our published URL: what is stored to be shown passes the redaction first. */
export const insertAttachment = async (tables: Tables, attachment: AttachmentRecord): Promise<void> => {
  await tables.insertInto("attachments").values(toRow(attachment)).execute();
};

const getAttachment = async (tables: Tables, id: string): Promise<AttachmentRecord> => {
  const row = await tables.selectFrom("attachments").select("record").where("id", "=", id).executeTakeFirst();
  if (!row) throw new MediabayError("NOT_FOUND", `There is no attachment ${id}.`);
  return fromText(row.record) as AttachmentRecord;
};

export const changeAttachment = async (
  tables: Tables,
  id: string,
  change: { readonly [K in keyof AttachmentRecord]?: AttachmentRecord[K] | undefined },
  now: number,
): Promise<AttachmentRecord> => {
  const before = await getAttachment(tables, id);
  const row = toRow({ ...before, ...change, id, updatedAt: now } as AttachmentRecord);
  await tables.updateTable("attachments").set(row).where("id", "=", id).execute();
  return fromText(row.record) as AttachmentRecord;
};

const listAttachments = async (
  tables: Tables,
  page: PageRequest,
  filter: AttachmentFilter,
): Promise<Page<AttachmentRecord>> => {
  const limit = pageLimit(page);
  const after = decodeCursor(page, ageKey);
  let query = tables
    .selectFrom("attachments")
    .select(["id", "created_at", "record"])
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1);
  if (filter.machineId !== undefined) query = query.where("machine_id", "=", filter.machineId);
  if (filter.states !== undefined) query = query.where("state", "in", [...filter.states]);
  // In JSON text a quote inside a value is escaped: only a member's name looks so.
  if (filter.has !== undefined) query = query.where("record", "like", `%"${filter.has}":%`);
  if (after) {
    const [createdAt, id] = after;
    query = query.where((is) =>
      is.or([is("created_at", "<", createdAt), is.and([is("created_at", "=", createdAt), is("id", "<", id)])]),
    );
  }
  return toPage(
    await query.execute(),
    limit,
    (row) => [row.created_at, row.id],
    (row) => fromText(row.record) as AttachmentRecord,
  );
};

const toRow = (attachment: AttachmentRecord): AttachmentsTable => ({
  id: attachment.id,
  machine_id: attachment.machineId,
  role: attachment.role,
  state: attachment.state,
  record: toText(redact(attachment)),
  created_at: attachment.createdAt,
  updated_at: attachment.updatedAt,
});
