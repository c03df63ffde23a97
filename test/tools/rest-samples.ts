// One good request for every operation of the REST side, by `operationId`, and what it answers.
import type { Role } from "../../src/core/vocabulary.ts";

export interface Sample {
  readonly path: string;
  readonly body?: unknown;
  readonly status: number;
  /** The lowest role that may; undefined: no token needed. */
  readonly role: Role | undefined;
  /** An operation must exist. */
  readonly operation?: true;
}

const endpoint = { address: "https://bmc.example", credentials: { username: "root", password: "calvin-canary" } };
const digest = "0123456789abcdef".repeat(4);

export const samples: Readonly<Record<string, Sample>> = {
  listMachines: { path: "/v1/machines?limit=5&label=rack=r1", status: 200, role: "reader" },
  createMachine: {
    path: "/v1/machines",
    body: { name: "node1", labels: { rack: "r1" }, endpoints: [endpoint] },
    status: 201,
    role: "operator",
  },
  getMachine: { path: "/v1/machines/node1", status: 200, role: "reader" },
  updateMachine: { path: "/v1/machines/m-1", body: { labels: {} }, status: 200, role: "operator" },
  removeMachine: { path: "/v1/machines/node1?force=true", status: 204, role: "operator" },
  listMachineAttachments: { path: "/v1/machines/node1/attachments?state=attached,failed", status: 200, role: "reader" },
  attach: {
    path: "/v1/machines/node1/attachments",
    body: { source: { uri: "https://user:canary-pass@origin.example/c.iso" }, boot: "once", deadlineMs: 60_000 },
    status: 202,
    role: "operator",
  },
  detachAll: { path: "/v1/machines/node1/attachments", status: 202, role: "operator" },
  listAttachments: { path: "/v1/attachments?machine=node1&state=attached", status: 200, role: "reader" },
  getAttachment: { path: "/v1/attachments/a-1", status: 200, role: "reader" },
  detach: { path: "/v1/attachments/a-1?force=true", status: 202, role: "operator" },
  listOperations: {
    path: "/v1/operations?machine=m-1&state=queued",
    status: 200,
    role: "reader",
    operation: true,
  },
  getOperation: { path: "/v1/operations/o-1", status: 200, role: "reader", operation: true },
  cancelOperation: { path: "/v1/operations/o-1/cancel", status: 202, role: "operator", operation: true },
  followOperation: { path: "/v1/operations/o-1/events", status: 200, role: "reader", operation: true },
  followAll: { path: "/v1/events", status: 200, role: "reader" },
  listProfiles: { path: "/v1/profiles?limit=5", status: 200, role: "reader" },
  getProfile: { path: "/v1/profiles/example%2Fone", status: 200, role: "reader" },
  explainProfile: { path: "/v1/machines/node1/profile", status: 200, role: "reader" },
  getBoot: { path: "/v1/machines/node1/boot", status: 200, role: "reader" },
  setBoot: {
    path: "/v1/machines/node1/boot",
    body: { target: "Cd", enabled: "Once", mode: "UEFI" },
    status: 202,
    role: "operator",
  },
  getPower: { path: "/v1/machines/node1/power", status: 200, role: "reader" },
  resetMachine: { path: "/v1/machines/node1/power", body: { type: "ForceRestart" }, status: 202, role: "operator" },
  getMedia: { path: "/v1/machines/node1/media", status: 200, role: "reader" },
  ejectMedia: { path: "/v1/machines/node1/media/Cd?force=true", status: 202, role: "operator" },
  listImages: { path: "/v1/images?limit=1000", status: 200, role: "reader" },
  ingestImage: {
    path: "/v1/images",
    body: { source: { base64: "Y2FuYXJ5LWJsb2I=" }, role: "boot", digest },
    status: 201,
    role: "operator",
  },
  replace: {
    path: "/v1/attachments/a-1/replace",
    body: { source: { digest } },
    status: 202,
    role: "operator",
  },
  getImage: { path: `/v1/images/${digest}`, status: 200, role: "reader" },
  removeImage: { path: `/v1/images/${digest}`, status: 204, role: "operator" },
  listCredentials: { path: "/v1/credentials?limit=5", status: 200, role: "reader" },
  setCredential: {
    path: "/v1/credentials/mirror",
    body: { kind: "basic", origins: ["https://origin.example"], username: "u", password: "calvin-canary" },
    status: 200,
    role: "admin",
  },
  removeCredential: { path: "/v1/credentials/mirror", status: 204, role: "admin" },
  probe: { path: "/v1/probe", body: { machine: "node1" }, status: 200, role: "reader" },
  record: { path: "/v1/record", body: { endpoint }, status: 200, role: "operator" },
  listTokens: { path: "/v1/tokens?limit=2", status: 200, role: "admin" },
  createToken: { path: "/v1/tokens", body: { name: "ci", role: "reader" }, status: 201, role: "admin" },
  removeToken: { path: "/v1/tokens/t-reader", status: 204, role: "admin" },
  listAudit: { path: "/v1/audit?machine=node1&attachment=a-1", status: 200, role: "reader" },
  health: { path: "/healthz", status: 200, role: undefined },
  readiness: { path: "/readyz", status: 200, role: undefined },
  metrics: { path: "/metrics", status: 200, role: "reader" },
  openapi: { path: "/openapi.json", status: 200, role: undefined },
  docs: { path: "/docs", status: 200, role: undefined },
  docsFile: { path: "/docs/initializer.js", status: 200, role: undefined },
};
