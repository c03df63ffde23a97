// A plain Redfish client for the simulator's tests: node:http and JSON, one connection, nothing clever.
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { onTestFinished } from "vitest";
import { startOrigin, type Origin, type OriginOptions } from "../../src/simulators/origin.ts";
import {
  type RedfishSimulator,
  type RedfishSimulatorOptions,
  startRedfishSimulator,
} from "../../src/simulators/redfish/index.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The parsed body; an empty object when there is none. */
  readonly body: Record<string, unknown>;
  /** MessageId without its registry's version, of the first message. */
  readonly messageId: string | undefined;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends no credentials. */
  readonly anonymous?: boolean;
}

export type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>;

const send = (
  url: URL,
  method: string,
  headers: Record<string, string>,
  body: string | undefined,
  agent: Agent,
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> =>
  new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });

const parsed = (text: string): Record<string, unknown> => {
  if (!text.startsWith("{")) return {};
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? { ...value } : {};
};

const messageIdOf = (text: string): string | undefined =>
  /"MessageId":"[A-Za-z]+\.[\d.]+\.([A-Za-z]+)"/.exec(text)?.[1];

/** Calls with Basic authentication unless told otherwise, over one kept connection. */
export const clientOf = (simulator: RedfishSimulator): Call => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const { username, password } = simulator.credentials;
  const basic = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  return async (method, path, options = {}) => {
    const text = options.body === undefined ? undefined : JSON.stringify(options.body);
    const headers = {
      ...(options.anonymous === true ? {} : { Authorization: basic }),
      ...(text === undefined
        ? {}
        : { "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(text)) }),
      ...options.headers,
    };
    const answer = await send(new URL(path, simulator.url), method, headers, text, agent);
    return { ...answer, body: parsed(answer.text), messageId: messageIdOf(answer.text) };
  };
};

/** A simulator that is closed with the test, and a client of it. */
export const simulate = async (
  options: RedfishSimulatorOptions = {},
): Promise<{ readonly bmc: RedfishSimulator; readonly call: Call }> => {
  const bmc = await startRedfishSimulator(options);
  onTestFinished(() => bmc.close());
  return { bmc, call: clientOf(bmc) };
};

/** An image of `sizeBytes` whose bytes all differ in place. */
export const imageBytes = (sizeBytes: number): Buffer =>
  Buffer.from(Array.from({ length: sizeBytes }, (_, index) => (index * 31 + (index >> 8)) % 256));

/** An origin that is closed with the test, with `/cd.iso` of 300,000 bytes unless told otherwise. */
export const serveImage = async (
  options: OriginOptions = {},
): Promise<{ readonly origin: Origin; readonly url: string; readonly image: Buffer }> => {
  const image = imageBytes(300_000);
  const origin = await startOrigin({ files: { "cd.iso": image }, ...options });
  onTestFinished(() => origin.close());
  return { origin, url: origin.urlOf("cd.iso"), image };
};

export const slotUri = (slot: string): string => `/redfish/v1/Systems/1/VirtualMedia/${slot}`;
export const insertUri = (slot: string): string => `${slotUri(slot)}/Actions/VirtualMedia.InsertMedia`;
export const ejectUri = (slot: string): string => `${slotUri(slot)}/Actions/VirtualMedia.EjectMedia`;
export const systemUri = "/redfish/v1/Systems/1";
export const resetUri = `${systemUri}/Actions/ComputerSystem.Reset`;
