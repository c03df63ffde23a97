// The Redfish services that the clients attach to, each behind a proxy that counts TCP connections.
import { startRedfishSimulator } from "../../../src/simulators/redfish/index.ts";
import { startSushyTools } from "../../tools/sushy-tools.ts";
import { startTcpProxy } from "../../tools/tcp-proxy.ts";

export interface Target {
  readonly name: string;
  /** Of the proxy. */
  readonly url: string;
  readonly credentials: { readonly username: string; readonly password: string };
  /** It ends each connection after one answer, so that no client can do with fewer connections than requests. */
  readonly closesConnections: boolean;
  /** What `work` asks of it. */
  count(work: () => Promise<unknown>): Promise<Count>;
  stop(): Promise<void>;
}

export interface Count {
  readonly requests: number;
  readonly connections: number;
}

interface Service {
  readonly url: string;
  readonly credentials: Target["credentials"];
  requests(): Promise<number>;
  stop(): Promise<void>;
}

const behindProxy = async (name: string, service: Service): Promise<Target> => {
  const proxy = await startTcpProxy({ target: { host: "127.0.0.1", port: Number(new URL(service.url).port) } });
  const { headers } = await fetch(`${service.url}/redfish/v1/`);
  return {
    name,
    url: `http://127.0.0.1:${proxy.port}`,
    credentials: service.credentials,
    closesConnections: headers.get("connection") === "close",
    async count(work) {
      const [requests, connections] = [await service.requests(), proxy.connections()];
      await work();
      return { requests: (await service.requests()) - requests, connections: proxy.connections() - connections };
    },
    async stop() {
      await proxy.close();
      await service.stop();
    },
  };
};

export const startEmulator = async (): Promise<Target> => {
  const credentials = { username: "admin", password: "bench" };
  const emulator = await startSushyTools({ tls: false, auth: credentials });
  return behindProxy("sushy-tools 2.2", {
    url: emulator.url,
    credentials,
    requests: async () => (await emulator.requests()).length,
    stop: () => emulator.stop(),
  });
};

export const startSimulator = async (): Promise<Target> => {
  const simulator = await startRedfishSimulator();
  return behindProxy("our simulator", {
    url: simulator.url,
    credentials: simulator.credentials,
    requests: () => Promise.resolve(simulator.requests().length),
    stop: () => simulator.close(),
  });
};
