// A small Redfish service of our own, written from DSP0266 and DSP0268: resources by path, and handlers for what a test wants otherwise.
// It keeps no state but what handlers change, and counts what it did not expect.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock, DriverContext, Endpoint, Identity, Json, Session } from "../../../src/core/driver.ts";
import { createRedfish, type RedfishDeps } from "../../../src/drivers/redfish/index.ts";
import { type RedfishQuirks, redfishQuirks } from "../../../src/drivers/redfish/quirks.ts";
import { createHttpPool } from "../../../src/wire/pool.ts";
import { createHastyClock, type HastyClock } from "../../tools/hasty-clock.ts";

export type Body = Record<string, unknown>;

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: Body | string;
  /** The connection is reset instead. */
  readonly reset?: true;
  /** No answer ever comes. */
  readonly hang?: true;
}

export type Handler = (asked: Asked) => Answer;

export interface ScriptedBmc {
  readonly url: string;
  readonly requests: readonly Asked[];
  /** `METHOD path` of every request so far. */
  asked(): readonly string[];
  /** Resources by path; a GET answers them. */
  readonly resources: Record<string, Body>;
  /** Takes precedence over resources. `path` has its query. */
  on(method: string, path: string, handler: Handler): void;
  readonly clock: HastyClock;
  readonly endpoint: Endpoint;
  open(options?: OpenOptions): Promise<Session>;
  identify(options?: OpenOptions): Promise<Identity | undefined>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly quirks?: Readonly<Record<string, unknown>>;
  readonly endpoint?: Partial<Endpoint>;
  readonly memory?: Json;
  readonly openSession?: DriverContext["openSession"];
  readonly allow?: DriverContext["allow"];
  readonly clock?: Clock;
  readonly localAddresses?: RedfishDeps["localAddresses"];
}

/** An error answer with one message of the Base registry (DSP8011). */
export const refusal = (status: number, id: string, args: readonly string[] = [], text = `${id}.`): Answer => ({
  status,
  body: {
    error: {
      code: "Base.1.18.GeneralError",
      message: "See ExtendedInfo.",
      "@Message.ExtendedInfo": [
        { MessageId: id.includes(".") ? id : `Base.1.18.${id}`, Message: text, MessageArgs: args },
      ],
    },
  },
});

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === "" ? undefined : JSON.parse(text);
};

const send = (response: ServerResponse, { status = 200, headers = {}, body, reset, hang }: Answer): void => {
  if (reset === true) {
    response.req.socket.resetAndDestroy();
    return;
  }
  if (hang === true) return;
  const text = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body);
  const type = typeof body === "object" ? { "content-type": "application/json" } : {};
  response.writeHead(status, { ...type, ...headers }).end(text);
};

export const startScriptedBmc = async (resources: Record<string, Body>): Promise<ScriptedBmc> => {
  const requests: Asked[] = [];
  const handlers = new Map<string, Handler>();
  const answerTo = (asked: Asked): Answer => {
    const handler = handlers.get(`${asked.method} ${asked.path}`);
    if (handler !== undefined) return handler(asked);
    const resource = asked.method === "GET" ? bmc.resources[asked.path] : undefined;
    return resource === undefined ? refusal(404, "ResourceMissingAtURI", [asked.path]) : { body: resource };
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "", url: path = "", headers } = request;
    const asked = { method, path, headers, body: await readBody(request) };
    requests.push(asked);
    send(response, answerTo(asked));
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const pool = createHttpPool();
  const clock = createHastyClock();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const endpoint: Endpoint = {
    protocol: "redfish",
    address: url,
    credentials: { username: "admin", password: "correct horse" },
    tls: { mode: "verify", level: "modern" },
  };
  const contextOf = (options: OpenOptions): DriverContext => ({
    clock: options.clock ?? clock,
    signal: new AbortController().signal,
    onExchange: () => undefined,
    ...(options.memory === undefined ? {} : { memory: options.memory }),
    ...(options.openSession === undefined ? {} : { openSession: options.openSession }),
    ...(options.allow === undefined ? {} : { allow: options.allow }),
  });
  const protocolOf = ({ localAddresses }: OpenOptions) =>
    createRedfish({ http: pool, ...(localAddresses === undefined ? {} : { localAddresses }) });
  const quirksOf = (options: OpenOptions): RedfishQuirks => redfishQuirks.parse(options.quirks ?? {});
  const bmc: ScriptedBmc = {
    url,
    requests,
    resources,
    clock,
    endpoint,
    asked: () => requests.map(({ method, path }) => `${method} ${path}`),
    on: (method, path, handler) => void handlers.set(`${method} ${path}`, handler),
    open: (options = {}) =>
      protocolOf(options).open({ ...endpoint, ...options.endpoint }, () => quirksOf(options), contextOf(options)),
    identify: (options = {}) => protocolOf(options).identify({ ...endpoint, ...options.endpoint }, contextOf(options)),
    close: async () => {
      pool.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return bmc;
};

export const rootPath = "/redfish/v1/";
export const systemPath = "/redfish/v1/Systems/s1";
export const managerPath = "/redfish/v1/Managers/m1";
export const cdPath = `${systemPath}/VirtualMedia/cd0`;
export const insertPath = `${cdPath}/Actions/VirtualMedia.InsertMedia`;
export const ejectPath = `${cdPath}/Actions/VirtualMedia.EjectMedia`;

const link = (path: string): Body => ({ "@odata.id": path });

/** A service without $expand, whose only slot is `cd0`; empty. */
export const plainService = (): Record<string, Body> => ({
  [rootPath]: {
    "@odata.type": "#ServiceRoot.v1_16_0.ServiceRoot",
    RedfishVersion: "1.16.0",
    Vendor: "Contoso",
    Systems: link("/redfish/v1/Systems"),
    Managers: link("/redfish/v1/Managers"),
    Links: { Sessions: link("/redfish/v1/SessionService/Sessions") },
  },
  "/redfish/v1/Systems": { Members: [link(systemPath)] },
  "/redfish/v1/Managers": { Members: [link(managerPath)] },
  [systemPath]: {
    Id: "s1",
    Name: "System",
    Model: "C1",
    PowerState: "Off",
    Boot: {
      BootSourceOverrideTarget: "None",
      BootSourceOverrideEnabled: "Disabled",
      BootSourceOverrideMode: "UEFI",
      "BootSourceOverrideTarget@Redfish.AllowableValues": ["None", "Cd", "Usb"],
    },
    VirtualMedia: link(`${systemPath}/VirtualMedia`),
    Links: { ManagedBy: [link(managerPath)] },
    Actions: {
      "#ComputerSystem.Reset": {
        target: `${systemPath}/Actions/ComputerSystem.Reset`,
        "ResetType@Redfish.AllowableValues": ["On", "ForceOff", "ForceRestart"],
      },
    },
  },
  [managerPath]: { Id: "m1", Model: "BMC 7", FirmwareVersion: "7.1.0" },
  [`${systemPath}/VirtualMedia`]: { Members: [link(cdPath)] },
  [cdPath]: {
    Id: "cd0",
    Name: "Virtual CD",
    MediaTypes: ["CD", "DVD"],
    Image: null,
    Inserted: false,
    Actions: { "#VirtualMedia.InsertMedia": { target: insertPath }, "#VirtualMedia.EjectMedia": { target: ejectPath } },
  },
});

export const medium = { url: "http://192.0.2.1/m/t/config.iso", mediaType: "CD", sizeBytes: 4096 } as const;

/** The slot takes what it is told, at once. */
export const obey = (bmc: ScriptedBmc): void => {
  bmc.on("POST", insertPath, ({ body }) => {
    const { Image } = body as { Image: string };
    Object.assign(bmc.resources[cdPath] ?? {}, { Image, Inserted: true });
    return { status: 204 };
  });
  bmc.on("POST", ejectPath, () => {
    Object.assign(bmc.resources[cdPath] ?? {}, { Image: null, Inserted: false });
    return { status: 204 };
  });
};
