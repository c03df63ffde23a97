// Named credentials of image origins: what may be shown in a row of its own, the credential itself sealed and dropped with it.
import type { Json } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import type { PageRequest, SourceCredentialStore } from "../../core/ports.ts";
import type { Page } from "../../core/records.ts";
import type { SourceCredential, SourceCredentialRecord } from "../../core/source-credentials.ts";
import type { CredentialKind } from "../../core/vocabulary.ts";
import type { Database, Tables } from "../tables/database.ts";
import { fromText, toText } from "../tables/json.ts";
import { decodeCursor, nameKey, pageLimit, toPage } from "../tables/page.ts";
import type { SourceCredentialsTable } from "../tables/schema.ts";
import type { Vault } from "../tables/vault.ts";

const owner = (name: string): `credential/${string}` => `credential/${name}`;
const secret = "value";

const notFound = (name: string): MediabayError =>
  new MediabayError("CREDENTIAL_NOT_FOUND", `There is no credential ${name}.`, { name });

const destinationsOf = (credential: SourceCredential): readonly string[] => {
  if (credential.kind === "swift") return [credential.authUrl];
  if (credential.kind === "s3") return [credential.endpoint];
  return credential.origins;
};

export const createSourceCredentialStore = (database: Database, vault: Vault): SourceCredentialStore => ({
  put: (name, credential, at) =>
    database.write(async (tables) => {
      const changes = {
        kind: credential.kind,
        destinations: toText(destinationsOf(credential)),
        updated_at: at,
      };
      const row = await tables
        .insertInto("source_credentials")
        .values({ name, ...changes, created_at: at })
        .onConflict((conflict) => conflict.column("name").doUpdateSet(changes))
        .returningAll()
        .executeTakeFirstOrThrow();
      await vault.put(tables, owner(name), secret, toJson(credential));
      return toRecord(row);
    }),
  get: (name) =>
    database.read(async (tables) => {
      const value = await vault.get(tables, owner(name), secret);
      if (value === undefined) throw notFound(name);
      return value as unknown as SourceCredential;
    }),
  list: (page) => database.read((tables) => listCredentials(tables, page)),
  remove: (name) =>
    database.write(async (tables) => {
      const removed = await tables.deleteFrom("source_credentials").where("name", "=", name).executeTakeFirst();
      if (removed.numDeletedRows === 0n) throw notFound(name);
      await vault.drop(tables, owner(name));
    }),
});

const listCredentials = async (tables: Tables, page: PageRequest): Promise<Page<SourceCredentialRecord>> => {
  const limit = pageLimit(page);
  const after = decodeCursor(page, nameKey);
  let query = tables
    .selectFrom("source_credentials")
    .selectAll()
    .orderBy("name")
    .limit(limit + 1);
  if (after) query = query.where("name", ">", after[0]);
  return toPage(await query.execute(), limit, (row) => [row.name], toRecord);
};

const toJson = (credential: SourceCredential): Json =>
  credential.kind === "swift" ? { ...credential, login: { ...credential.login } } : { ...credential };

const toRecord = (row: SourceCredentialsTable): SourceCredentialRecord => ({
  name: row.name,
  kind: row.kind as CredentialKind,
  destinations: fromText(row.destinations) as readonly string[],
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
