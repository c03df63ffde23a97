// The control side: REST on its own listener, http or https.
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { MediabayError } from "../core/errors.ts";
import type { Gateway } from "../core/gateway.ts";
import { operatorCertificate } from "../images/certificates.ts";
import { createRestServer } from "../rest/server.ts";
import type { Settings } from "../settings/schema.ts";
import type { Store } from "../store/open-store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Listener } from "../wire/address-policy.ts";
import type { Building } from "./building.ts";

export interface ControlSide {
  /** Base of the REST side: `http://127.0.0.1:8480`. */
  readonly url: string;
  readonly listener: Listener;
}

/** @throws MediabayError SETTINGS_INVALID (address in use or not ours, unusable certificate) */
export const startControlSide = async (
  { settings, options, clock, log, undo }: Building,
  gateway: Gateway,
  store: Store,
  metrics: Metrics,
): Promise<ControlSide> => {
  const rest = createRestServer({
    gateway,
    tokens: store.tokens,
    metrics,
    log,
    clock,
    settings: { version: options.version, metricsPublic: settings.metrics.public },
    ready: async () => ({ ready: true, checks: { store: (await store.machines.count()) >= 0 } }),
  });
  const tls = await readTls(settings);
  const server = tls === undefined ? createHttpServer(rest.app) : createHttpsServer(tls, rest.app);
  const listener = await listen(server, settings.control);
  undo.push(() => stop(server));
  undo.push(() => rest.close());
  const host = listener.address.includes(":") ? `[${listener.address}]` : listener.address;
  return { url: `${tls === undefined ? "http" : "https"}://${host}:${listener.port}`, listener };
};

/** Undefined where the control plane speaks http. @throws MediabayError SETTINGS_INVALID */
export const readTls = async ({ control: { tls } }: Settings): Promise<{ cert: string; key: string } | undefined> => {
  if (tls.cert === undefined && tls.key === undefined) return undefined;
  if (tls.cert === undefined || tls.key === undefined) {
    throw new MediabayError("SETTINGS_INVALID", "control.tls needs both cert and key.", { field: "control.tls" });
  }
  return operatorCertificate(tls.cert, tls.key, "control.tls");
};

const listen = (server: Server, { host, port }: Settings["control"]): Promise<Listener> =>
  new Promise((resolve, reject) => {
    const onError = (cause: Error): void => {
      const hint = "Choose an address and port that are free and may be used.";
      const message = `The control plane cannot listen on ${host} port ${port}: ${cause.message}.`;
      reject(new MediabayError("SETTINGS_INVALID", message, { field: "control.port", hint }, { cause }));
    };
    server.once("error", onError);
    server.listen({ host, port }, () => {
      server.off("error", onError);
      const bound = server.address();
      if (bound === null || typeof bound === "string")
        reject(new TypeError("a TCP listener has an address and a port"));
      else resolve({ address: bound.address, port: bound.port });
    });
  });

const stop = async (server: Server): Promise<void> => {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeAllConnections();
  await closed;
};
