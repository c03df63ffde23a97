// Machines, what their BMCs taught us, and (sealed) how to log in to them.
import type { Credentials, Endpoint, Identity, Json } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import type { Clock } from "../../core/driver.ts";
import type { MachineStore } from "../../core/ports.ts";
import type { EndpointRecord, MachineRecord } from "../../core/records.ts";
import { type Database, type Tables, UniqueViolation } from "../tables/database.ts";
import { fromText, given, toText, toTextOrNull } from "../tables/json.ts";
import { decodeCursor, nameKey, pageLimit, toPage } from "../tables/page.ts";
import type { MachinesTable } from "../tables/schema.ts";
import type { Vault } from "../tables/vault.ts";

type NewCredentials = readonly (Credentials | "keep" | undefined)[];

const owner = (id: string): `machine/${string}` => `machine/${id}`;
const endpointSecret = (index: number): string => `endpoint/${index}`;
const sessionSecret = "session";

const notFound = (machine: string): MediabayError =>
  new MediabayError("MACHINE_NOT_FOUND", `There is no machine ${machine}.`, { machine });

export const createMachineStore = (database: Database, vault: Vault, clock: Clock): MachineStore => ({
  create: (machine, credentials) =>
    unique(machine.name, () =>
      database.write(async (tables) => {
        const endpoints = await sealEndpoints(tables, vault, machine, credentials);
        await tables
          .insertInto("machines")
          .values({ ...toRow(machine, endpoints), memory: null, memory_saved_at: null })
          .execute();
        await insertLabels(tables, machine);
      }),
    ),
  update: (machine, credentials) =>
    unique(machine.name, () =>
      database.write(async (tables) => {
        const endpoints = await sealEndpoints(tables, vault, machine, credentials);
        const { id, ...columns } = toRow(machine, endpoints);
        const updated = await tables.updateTable("machines").set(columns).where("id", "=", id).executeTakeFirst();
        if (updated.numUpdatedRows === 0n) throw notFound(id);
        await tables.deleteFrom("machine_labels").where("machine_id", "=", id).execute();
        await insertLabels(tables, machine);
      }),
    ),
  remove: (id) =>
    database.write(async (tables) => {
      const removed = await tables.deleteFrom("machines").where("id", "=", id).executeTakeFirst();
      if (removed.numDeletedRows === 0n) throw notFound(id);
      await vault.drop(tables, owner(id));
    }),
  get: (idOrName) => database.read(async (tables) => toMachine(await findRow(tables, idOrName))),
  list: (page, labels) => database.read((tables) => listMachines(tables, page, labels ?? {})),
  count: () =>
    database.read(async (tables) => {
      const { count } = await tables
        .selectFrom("machines")
        .select((expression) => expression.fn.countAll<number>().as("count"))
        .executeTakeFirstOrThrow();
      return count;
    }),
  endpoint: (id, index) => database.read((tables) => readEndpoint(tables, vault, id, index)),
  ...createMemory(database, vault, clock),
});

type Memory = Pick<MachineStore, "memory" | "remember" | "openSession" | "withOpenSession" | "saveOpenSession">;

const createMemory = (database: Database, vault: Vault, clock: Clock): Memory => ({
  memory: (id) =>
    database.read(async (tables) => {
      const row = await tables
        .selectFrom("machines")
        .select(["memory", "memory_saved_at"])
        .where("id", "=", id)
        .executeTakeFirst();
      if (row?.memory === undefined || row.memory === null) return undefined;
      return { memory: fromText(row.memory) as Json, savedAt: row.memory_saved_at ?? 0 };
    }),
  remember: (id, memory, identity?: Identity) =>
    database.write(async (tables) => {
      const updated = await tables
        .updateTable("machines")
        .set({
          memory: toTextOrNull(memory),
          memory_saved_at: memory === undefined ? null : clock.now(),
          ...given("identity", identity && toText(identity)),
        })
        .where("id", "=", id)
        .executeTakeFirst();
      if (updated.numUpdatedRows === 0n) throw notFound(id);
    }),
  openSession: (id) => database.read((tables) => vault.get(tables, owner(id), sessionSecret)),
  withOpenSession: () =>
    database.read(async (tables) =>
      (await vault.owners(tables, sessionSecret)).map((each) => each.slice(owner("").length)),
    ),
  saveOpenSession: (id, session) =>
    database.write(async (tables) => {
      if (session !== undefined) {
        // A machine that was removed meanwhile must not leave a secret behind.
        await findRow(tables, id);
        await vault.put(tables, owner(id), sessionSecret, session);
      } else if ((await vault.get(tables, owner(id), sessionSecret)) !== undefined) {
        await vault.drop(tables, owner(id), sessionSecret);
      }
    }),
});

const unique = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof UniqueViolation)) throw error;
    throw new MediabayError("MACHINE_EXISTS", `A machine ${name} exists.`, { machine: name }, { cause: error });
  }
};

/** Seals what is new, drops what is gone, and answers the endpoints with `hasCredentials` as it is now. */
const sealEndpoints = async (
  tables: Tables,
  vault: Vault,
  machine: MachineRecord,
  credentials: NewCredentials,
): Promise<readonly EndpointRecord[]> => {
  const kept = await vault.all(tables, owner(machine.id));
  const endpoints: EndpointRecord[] = [];
  for (const [index, endpoint] of machine.endpoints.entries()) {
    const given = credentials[index];
    const secret = endpointSecret(index);
    if (given !== undefined && given !== "keep") await vault.put(tables, owner(machine.id), secret, { ...given });
    if (given === undefined && kept.has(secret)) await vault.drop(tables, owner(machine.id), secret);
    endpoints.push({ ...endpoint, hasCredentials: given === "keep" ? kept.has(secret) : given !== undefined });
  }
  const names = new Set(machine.endpoints.map((_endpoint, index) => endpointSecret(index)));
  for (const secret of kept.keys()) {
    if (secret.startsWith("endpoint/") && !names.has(secret)) await vault.drop(tables, owner(machine.id), secret);
  }
  return endpoints;
};

const insertLabels = async (tables: Tables, machine: MachineRecord): Promise<void> => {
  const rows = Object.entries(machine.labels).map(([label, value]) => ({ machine_id: machine.id, label, value }));
  if (rows.length > 0) await tables.insertInto("machine_labels").values(rows).execute();
};

const findRow = async (tables: Tables, idOrName: string): Promise<MachinesTable> => {
  const rows = await tables
    .selectFrom("machines")
    .selectAll()
    .where((expression) => expression.or([expression("id", "=", idOrName), expression("name", "=", idOrName)]))
    .execute();
  const row = rows.find((candidate) => candidate.id === idOrName) ?? rows[0];
  if (!row) throw notFound(idOrName);
  return row;
};

const readEndpoint = async (tables: Tables, vault: Vault, id: string, index: number): Promise<Endpoint> => {
  const record = toMachine(await findRow(tables, id)).endpoints[index];
  if (!record) throw new MediabayError("NOT_FOUND", `The machine has no endpoint ${index}.`, { machine: id });
  const credentials = (await vault.get(tables, owner(id), endpointSecret(index))) as Credentials | undefined;
  const { protocol, address, tls } = record;
  return { protocol, address, tls, ...given("system", record.system), ...given("credentials", credentials) };
};

const listMachines = async (
  tables: Tables,
  page: Parameters<MachineStore["list"]>[0],
  labels: Readonly<Record<string, string>>,
): ReturnType<MachineStore["list"]> => {
  const limit = pageLimit(page);
  const after = decodeCursor(page, nameKey);
  let query = tables
    .selectFrom("machines")
    .selectAll()
    .orderBy("name")
    .limit(limit + 1);
  if (after) query = query.where("name", ">", after[0]);
  for (const [label, value] of Object.entries(labels)) {
    query = query.where((expression) => {
      const labelled = expression
        .selectFrom("machine_labels")
        .select("machine_labels.machine_id")
        .whereRef("machine_labels.machine_id", "=", "machines.id")
        .where("machine_labels.label", "=", label);
      return expression.exists(value === "" ? labelled : labelled.where("machine_labels.value", "=", value));
    });
  }
  return toPage(await query.execute(), limit, (row) => [row.name], toMachine);
};

const toRow = (
  machine: MachineRecord,
  endpoints: readonly EndpointRecord[],
): Omit<MachinesTable, "memory" | "memory_saved_at"> => ({
  id: machine.id,
  name: machine.name,
  labels: toText(machine.labels),
  endpoints: toText(endpoints),
  identity: toTextOrNull(machine.identity),
  created_at: machine.createdAt,
  updated_at: machine.updatedAt,
});

const toMachine = (row: MachinesTable): MachineRecord => ({
  id: row.id,
  name: row.name,
  labels: fromText(row.labels) as MachineRecord["labels"],
  endpoints: fromText(row.endpoints) as MachineRecord["endpoints"],
  ...given("identity", row.identity === null ? null : (fromText(row.identity) as Identity)),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
