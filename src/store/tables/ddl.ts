// Tables and indexes stated as data, in the DDL that SQLite and PostgreSQL share.
import { type Kysely, sql } from "kysely";

/** `?` may be null. `integer` is for small numbers, `bigint` for times, sizes and sequences; SQLite stores both alike. */
type ColumnType = "text" | "text?" | "integer" | "bigint" | "bigint?";
type Columns = Readonly<Record<string, ColumnType>>;

interface Shape {
  readonly key: readonly string[];
  readonly unique?: readonly string[];
  /** Rows go with the row of `table` whose id the column holds. */
  readonly belongsTo?: { readonly column: string; readonly table: string };
}

export const createTable = async (db: Kysely<unknown>, name: string, columns: Columns, shape: Shape): Promise<void> => {
  let table = db.schema.createTable(name).addPrimaryKeyConstraint(`${name}_key`, [...shape.key] as never[]);
  for (const [column, type] of Object.entries(columns)) {
    const nullable = type.endsWith("?");
    table = table.addColumn(column, sql.raw(type.replace("?", "")), (definition) =>
      nullable ? definition : definition.notNull(),
    );
  }
  for (const column of shape.unique ?? []) {
    table = table.addUniqueConstraint(`${name}_${column}`, [column] as never[]);
  }
  const parent = shape.belongsTo;
  if (parent) {
    table = table.addForeignKeyConstraint(
      `${name}_${parent.column}`,
      [parent.column] as never[],
      parent.table,
      ["id"],
      (constraint) => constraint.onDelete("cascade"),
    );
  }
  await table.execute();
};

/** To a table that has rows: all of them may be null. */
export const addColumns = async (
  db: Kysely<unknown>,
  table: string,
  columns: Readonly<Record<string, "text" | "integer" | "bigint">>,
): Promise<void> => {
  for (const [column, type] of Object.entries(columns)) {
    await db.schema.alterTable(table).addColumn(column, type).execute();
  }
};

export const createIndex = async (db: Kysely<unknown>, table: string, columns: readonly string[]): Promise<void> => {
  await db.schema
    .createIndex(`${table}_by_${columns.join("_")}`)
    .on(table)
    .columns([...columns])
    .execute();
};
