// The views of REST v1 as they arrive: the records of core with times as ISO 8601 text. What the command line relies on is checked;
// members it does not know pass through.
import type { Accepted, BootView, MachineProfile, MediaView, PowerView } from "../core/gateway.ts";
import type { ProfileSummary, ProfileView, Recording } from "../core/ports.ts";
import type { ProbeReport } from "../core/probe.ts";
import type {
  AttachmentRecord,
  AuditRecord,
  ImageRecord,
  MachineRecord,
  OperationRecord,
  TokenRecord,
} from "../core/records.ts";
import type { SourceCredentialRecord } from "../core/source-credentials.ts";
import { unreachable } from "./failure.ts";

/** `T` after JSON: every `…At` and `at` is ISO 8601. */
export type Wire<T> = T extends readonly (infer U)[]
  ? readonly Wire<U>[]
  : T extends object
    ? { readonly [K in keyof T]: K extends "at" | `${string}At` ? string | Extract<T[K], undefined> : Wire<T[K]> }
    : T;

export type MachineJson = Wire<MachineRecord>;
export type AttachmentJson = Wire<AttachmentRecord>;
export type OperationJson = Wire<OperationRecord>;
export type ImageJson = Wire<ImageRecord>;
export type CredentialJson = Wire<SourceCredentialRecord>;
export type TokenJson = Wire<TokenRecord>;
export type AuditJson = Wire<AuditRecord>;
export type AcceptedJson = Omit<Wire<Accepted>, "created">;

export interface PageView<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

type Shape = Readonly<Record<string, "string" | "number" | "boolean" | "object" | "array">>;

const fits = (value: unknown, kind: Shape[string]): boolean => {
  if (kind === "array") return Array.isArray(value);
  if (kind === "object") return isObject(value);
  return typeof value === kind;
};

/** A parser that checks the members which the command line reads without asking again. */
const view =
  <T>(name: string, shape: Shape) =>
  (value: unknown): T => {
    const wrong = isObject(value) ? Object.entries(shape).find(([key, kind]) => !fits(value[key], kind))?.[0] : "";
    if (wrong === undefined) return value as T;
    throw unreachable(
      `The gateway's answer is not ${name}${wrong === "" ? "" : `: ${wrong} is missing or malformed`}.`,
    );
  };

export const toMachine = view<MachineJson>("a machine", {
  id: "string",
  name: "string",
  labels: "object",
  endpoints: "array",
});
export const toAttachment = view<AttachmentJson>("an attachment", {
  id: "string",
  machineName: "string",
  role: "string",
  state: "string",
  source: "object",
  warnings: "array",
});
export const toOperation = view<OperationJson>("an operation", {
  id: "string",
  kind: "string",
  machineName: "string",
  state: "string",
  steps: "array",
});
export const toImage = view<ImageJson>("an image", { digest: "string", sizeBytes: "number", format: "string" });
export const toCredential = view<CredentialJson>("a named credential", {
  name: "string",
  kind: "string",
  destinations: "array",
});
export const toToken = view<TokenJson>("a token", { id: "string", name: "string", role: "string" });
export const toNewToken = view<{ readonly token: string; readonly record: TokenJson }>("a new token", {
  token: "string",
  record: "object",
});
export const toAudit = view<AuditJson>("an audit record", { at: "string", actor: "string", action: "string" });
export const toBoot = view<BootView>("a boot override", { override: "object", targets: "array" });
export const toPower = view<PowerView>("a power state", { state: "string", resetTypes: "array" });
export const toMedia = view<Wire<MediaView>>("a list of slots", { slots: "array" });
export const toProbe = view<ProbeReport>("a probe report", {
  identity: "object",
  profile: "object",
  slots: "array",
  limits: "object",
  can: "object",
  fitness: "object",
  preparation: "array",
  plans: "array",
  warnings: "array",
});
export const toRecording = view<Recording>("a recording", { files: "object", resources: "number", notes: "array" });
export const toProfileSummary = view<ProfileSummary>("a profile", { id: "string", title: "string", origins: "array" });
export const toProfile = view<ProfileView>("a profile", {
  id: "string",
  title: "string",
  origins: "array",
  priority: "number",
  rules: "array",
  notes: "array",
  quirks: "array",
});
export const toMachineProfile = view<MachineProfile>("a machine's profile", {
  id: "string",
  title: "string",
  machine: "string",
  identity: "object",
  notes: "array",
  quirks: "array",
});

/** The answer to accepted work: its operation, and the attachment where there is one. */
export const toAccepted = (value: unknown): AcceptedJson => {
  const accepted = view<AcceptedJson>("accepted work", { operation: "object" })(value);
  toOperation(accepted.operation);
  if (accepted.attachment !== undefined) toAttachment(accepted.attachment);
  return accepted;
};
