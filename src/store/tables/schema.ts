// The tables as kysely sees them. Dates are epoch milliseconds, structures are JSON text, truth values are 0 and 1:
// types that SQLite and PostgreSQL share.

/** A boolean as both engines keep it. */
export type Flag = 0 | 1;

export interface MachinesTable {
  readonly id: string;
  readonly name: string;
  readonly labels: string;
  readonly endpoints: string;
  readonly identity: string | null;
  readonly memory: string | null;
  readonly memory_saved_at: number | null;
  readonly created_at: number;
  readonly updated_at: number;
}

export interface MachineLabelsTable {
  readonly machine_id: string;
  readonly label: string;
  readonly value: string;
}

/** The only place of secrets: each row is one sealed envelope, found by whom it belongs to. */
export interface SecretsTable {
  readonly owner: string;
  readonly name: string;
  readonly key_id: string;
  readonly sealed: string;
}

export interface AttachmentsTable {
  readonly id: string;
  readonly machine_id: string;
  readonly role: string;
  readonly state: string;
  readonly record: string;
  readonly created_at: number;
  readonly updated_at: number;
}

export interface OperationsTable {
  readonly id: string;
  /** Acceptance order. */
  readonly seq: number;
  readonly kind: string;
  readonly machine_id: string;
  readonly machine_name: string;
  readonly attachment_id: string | null;
  readonly state: string;
  readonly fence: number;
  readonly result: string | null;
  readonly error: string | null;
  readonly cancel_requested: Flag;
  readonly deadline_at: number | null;
  readonly created_by: string;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  /** Written with every step, so that each commit of a claim locks this row. */
  readonly touched_at: number;
}

export interface OperationStepsTable {
  readonly operation_id: string;
  readonly name: string;
  /** Order in which the steps were first begun. */
  readonly position: number;
  readonly title: string;
  readonly state: string;
  readonly attempts: number;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly error: string | null;
}

export interface IdempotencyKeysTable {
  readonly actor: string;
  readonly idempotency_key: string;
  readonly request_hash: string;
  readonly operation_id: string;
  readonly created_at: number;
}

export interface EventsTable {
  readonly seq: number;
  readonly operation_id: string;
  readonly at: number;
  readonly type: string;
  readonly data: string;
}

export interface AuditTable {
  readonly seq: number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly machine_id: string | null;
  readonly machine_name: string | null;
  readonly attachment_id: string | null;
  readonly digest: string | null;
  readonly detail: string;
}

export interface TokensTable {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  /** SHA-256 of the whole token, lower-case hexadecimal. */
  readonly hash: string;
  readonly created_at: number;
  readonly last_used_at: number | null;
}

export interface ImagesTable {
  readonly digest: string;
  readonly size_bytes: number;
  readonly format: string;
  readonly label: string | null;
  readonly created_at: number;
  readonly last_used_at: number;
}

export interface ImageHoldsTable {
  readonly digest: string;
  readonly holder: string;
}

/** Token and URL are sealed in `secrets`; both go when it is withdrawn. */
export interface PublicationsTable {
  readonly attachment_id: string;
  readonly machine_id: string;
  readonly digest: string;
  readonly file_name: string;
  readonly bmc_addresses: string;
  readonly created_at: number;
  readonly terms: string | null;
  readonly ended_at: number | null;
  readonly withdrawn_at: number | null;
  /** Reads up to this number were made under the attachment's earlier publications. */
  readonly reads_since: number | null;
}

export interface ReadsTable {
  readonly seq: number;
  readonly attachment_id: string;
  readonly remote: string;
  readonly method: string;
  readonly from_byte: number;
  readonly to_byte: number;
  readonly requests: number;
  readonly first_at: number;
  readonly last_at: number;
  readonly full_reads: number | null;
  readonly is_ahead: Flag | null;
  readonly is_wide: Flag | null;
  readonly is_stranger: Flag | null;
  readonly phase: number | null;
}

/** Named credentials of image origins, but for what is secret: that is sealed in `secrets`. */
export interface SourceCredentialsTable {
  readonly name: string;
  readonly kind: string;
  readonly destinations: string;
  readonly created_at: number;
  readonly updated_at: number;
}

/** Sealed as in `secrets`; found by the id in the header of the file that the key is for. */
export interface ImageKeysTable {
  readonly id: string;
  readonly key_id: string;
  readonly sealed: string;
}

export interface Schema {
  readonly machines: MachinesTable;
  readonly machine_labels: MachineLabelsTable;
  readonly secrets: SecretsTable;
  readonly attachments: AttachmentsTable;
  readonly operations: OperationsTable;
  readonly operation_steps: OperationStepsTable;
  readonly idempotency_keys: IdempotencyKeysTable;
  readonly events: EventsTable;
  readonly audit: AuditTable;
  readonly tokens: TokensTable;
  readonly images: ImagesTable;
  readonly image_holds: ImageHoldsTable;
  readonly publications: PublicationsTable;
  readonly reads: ReadsTable;
  readonly source_credentials: SourceCredentialsTable;
  readonly image_keys: ImageKeysTable;
}
