// A keep-alive agent for one origin whose sockets come from our dialler, so that an unaccepted certificate never carries a request.
import { Agent as HttpAgent, type AgentOptions, type ClientRequestArgs } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Duplex } from "node:stream";
import { dial, type DialOptions } from "./dial.ts";
import type { Origin } from "./origin.ts";

export interface BmcAgent {
  /** As got takes them. */
  readonly agents: { readonly http: HttpAgent } | { readonly https: HttpsAgent };
  /** Connections opened so far. */
  readonly connections: number;
  /** Connections at once from now on. */
  limit(maxSockets: number): void;
  /** Closes the idle connections, so that the next request gets a new one. */
  dropIdle(): void;
  /** Closes every connection, also those that are being opened. */
  destroy(): void;
}

export interface BmcAgentOptions {
  readonly maxSockets: number;
  readonly dialOptions: () => Omit<DialOptions, "signal">;
}

type Created = (error: Error | null, socket: Duplex) => void;

/** Node's own callback takes an error alone; its type asks for a socket beside it. */
const fail = (created: Created, error: Error): void => (created as (error: Error) => void)(error);

export const createAgent = (origin: Origin, options: BmcAgentOptions): BmcAgent => {
  const closing = new AbortController();
  let connections = 0;
  const open = async (created: Created): Promise<void> => {
    try {
      const socket = await dial(origin, { ...options.dialOptions(), signal: closing.signal });
      connections += 1;
      created(null, socket);
    } catch (error) {
      fail(created, error instanceof Error ? error : new Error("dial failed", { cause: error }));
    }
  };
  const settings: AgentOptions = {
    keepAlive: true,
    maxSockets: options.maxSockets,
    maxFreeSockets: options.maxSockets,
  };
  const agents = origin.secure ? { https: new HttpsAgent(settings) } : { http: new HttpAgent(settings) };
  const agent: HttpAgent = "https" in agents ? agents.https : agents.http;
  agent.createConnection = (_options: ClientRequestArgs, created?: Created) => {
    if (created !== undefined) void open(created);
    return undefined;
  };
  return {
    agents,
    get connections() {
      return connections;
    },
    limit: (maxSockets) => {
      agent.maxSockets = maxSockets;
      agent.maxFreeSockets = maxSockets;
    },
    dropIdle: () => {
      for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) socket.destroy();
    },
    destroy: () => {
      closing.abort();
      agent.destroy();
    },
  };
};
