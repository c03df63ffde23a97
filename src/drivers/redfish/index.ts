// Redfish (DSP0266, DSP0268): identify a service, and open a conversation with one of its systems.
import { networkInterfaces } from "node:os";
import type { DriverContext, Endpoint, Identity, Protocol, ResourceAnswer, Session } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import type { HttpLease, HttpPool } from "../../wire/pool.ts";
import { createBoot } from "./boot/boot.ts";
import { discover, readFirmware, readRoot, rootIdentity } from "./discovery/discover.ts";
import { createInventory } from "./inventory.ts";
import { createKnowledge, type Knowledge } from "./knowledge.ts";
import { createMedia } from "./media.ts";
import { type Learnt, present, recall } from "./memory.ts";
import { createPower } from "./power.ts";
import { type RedfishQuirks, redfishQuirks } from "./quirks.ts";
import { createRecovery } from "./recovery.ts";
import { createService, type Service } from "./service/service.ts";

export type { RedfishQuirks } from "./quirks.ts";

export interface RedfishDeps {
  /** Sessions of one process with one BMC share its connection through this. */
  readonly http: HttpPool;
  /** Our own addresses, to tell sessions that we lost from those of others. Default: those of this machine. */
  readonly localAddresses?: () => ReadonlySet<string>;
}

interface Opened {
  readonly service: Service;
  readonly lease: HttpLease;
}

export const createRedfish = (deps: RedfishDeps): Protocol<RedfishQuirks> => ({
  name: "redfish",
  quirks: redfishQuirks,

  identify: async (endpoint, context) => {
    const opened = connect(deps, endpoint, context);
    try {
      return await whoIsIt(opened.service, endpoint);
    } finally {
      await disconnect(opened);
    }
  },

  open: async (endpoint, quirksFor, context) => {
    const opened = connect(deps, endpoint, context);
    try {
      return await converse(opened, endpoint, quirksFor, context);
    } catch (error) {
      // The failure that is told is the first one; a session that could not be ended stays stored for the next conversation.
      await Promise.allSettled([disconnect(opened)]);
      throw error;
    }
  },
});

const connect = (deps: RedfishDeps, endpoint: Endpoint, context: DriverContext): Opened => {
  const { address, tls, credentials } = endpoint;
  const lease = deps.http.lease({ address, tls, ...(credentials === undefined ? {} : { user: credentials.username }) });
  const auth = {
    ...(credentials === undefined ? {} : { credentials }),
    localAddresses: deps.localAddresses ?? machineAddresses,
  };
  return { lease, service: createService({ client: lease.client, context, quirks: redfishQuirks.defaults, auth }) };
};

const disconnect = async ({ service, lease }: Opened): Promise<void> => {
  try {
    await service.auth.close();
  } finally {
    lease.release();
  }
};

const machineAddresses = (): ReadonlySet<string> =>
  new Set(
    Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .map(({ address }) => address.toLowerCase()),
  );

const whoIsIt = async (service: Service, endpoint: Endpoint): Promise<Identity | undefined> => {
  const root = await readRoot(service);
  if (root === undefined) return undefined;
  try {
    return (await discover(service, endpoint, root)).identity;
  } catch (error) {
    if (error instanceof MediabayError && error.code === "SYSTEM_AMBIGUOUS") return rootIdentity(root);
    throw error;
  }
};

const learn = async (service: Service, endpoint: Endpoint): Promise<Learnt> => {
  const root = await readRoot(service);
  if (root !== undefined) return discover(service, endpoint, root);
  throw new MediabayError("UNSUPPORTED_BY_BMC", `${endpoint.address} does not offer a Redfish service.`, {
    protocol: "redfish",
  });
};

const converse = async (
  opened: Opened,
  endpoint: Endpoint,
  quirksFor: (identity: Identity) => RedfishQuirks,
  context: DriverContext,
): Promise<Session> => {
  const { service, lease } = opened;
  const { clock, memory } = context;
  await service.auth.endLeft();
  const knowledge = await createKnowledge({
    endpoint,
    clock,
    remembered: recall(memory, endpoint, clock.now()),
    learn: () => learn(service, endpoint),
    firmware: (learnt) => readFirmware(service, learnt),
    adopt: (learnt) => adopt(service, lease, learnt, quirksFor(learnt.identity)),
  });
  await service.auth.endLost();
  return toSession(opened, knowledge);
};

const adopt = (service: Service, { client }: HttpLease, learnt: Learnt, quirks: RedfishQuirks): void => {
  const { expand, maxInFlight, connectTimeoutMs } = quirks.http;
  service.quirks = quirks;
  service.expand = expand === "auto" ? learnt.expand : expand;
  service.auth.sessionsPath = learnt.sessionsPath;
  service.auth.sessionOnly ||= learnt.sessionOnly;
  service.needsTag ||= learnt.needsTag === true;
  service.auth.prefer(quirks.auth.mode);
  client.tune({ maxInFlight, connectTimeoutMs });
};

const toSession = (opened: Opened, knowledge: Knowledge): Session => {
  const { service } = opened;
  const recover = createRecovery(service, knowledge);
  const media = createMedia(service, knowledge, recover);
  const boot = createBoot(service, knowledge, recover);
  const power = createPower(service, knowledge);
  const inventory = createInventory(service, knowledge);
  return {
    get identity() {
      return knowledge.identity;
    },
    ...(media === undefined ? {} : { media }),
    ...(boot === undefined ? {} : { boot }),
    ...(power === undefined ? {} : { power }),
    ...(inventory === undefined ? {} : { inventory }),
    read: (path) => readAsIs(service, path),
    memory: () => {
      const { sessionOnly, sessionsPath } = service.auth;
      const needsTag = service.needsTag || undefined;
      knowledge.update({ expand: service.expand, sessionOnly, ...present({ sessionsPath, needsTag }) });
      return knowledge.toMemory();
    },
    get exchanges() {
      return service.exchanges;
    },
    close: () => disconnect(opened),
  };
};

/** For a recording: nothing is judged and nothing is remembered. */
const readAsIs = async (service: Service, path: string): Promise<ResourceAnswer> => {
  const { status, headers, body } = await service.send({ method: "GET", path });
  const texts = Object.entries(headers).map(([name, value]) => [name, [value].flat().join(", ")] as const);
  // It came from JSON.
  const json = body as ResourceAnswer["body"];
  return { status, headers: Object.fromEntries(texts), ...(json === undefined ? {} : { body: json }) };
};
