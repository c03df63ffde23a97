// Opens a conversation with a machine: its endpoints in order, its profile's quirks, and what was learnt of it before.
import type { DriverContext, Endpoint, Identity, Json, MediaDriver, Protocol, Session } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { ProfileMatch } from "../core/ports.ts";
import type { MachineRecord } from "../core/records.ts";
import type { GatewayDeps } from "./deps.ts";
import type { Turns } from "./turns.ts";

export interface Conversation {
  readonly session: Session;
  readonly endpoint: Endpoint;
  readonly machine: MachineRecord;
  readonly profile: ProfileMatch;
}

export interface ConverseOptions {
  /** Start from nothing learnt: a probe, or a doubt. */
  readonly fresh?: boolean;
  /** When a crashed predecessor may have begun a login, in epoch milliseconds. */
  readonly loginSince?: number;
}

/** A conversation that begins when it is first needed and holds the machine's turn until it is closed. */
export interface Link {
  /** Opens, or answers the open one; one whose signal has been aborted is replaced. */
  get(signal: AbortSignal): Promise<Conversation>;
  /** Keeps what was learnt, logs out, gives the turn back. Idempotent. */
  close(): Promise<void>;
}

export interface Conversations {
  link(machineId: string, options?: ConverseOptions): Link;
  converse<T>(
    machineId: string,
    options: ConverseOptions & { readonly signal: AbortSignal },
    work: (conversation: Conversation) => Promise<T>,
  ): Promise<T>;
  /** A conversation with an address that is not registered; nothing of it is kept. */
  converseOnce<T>(
    endpoint: Endpoint,
    signal: AbortSignal,
    work: (session: Session, profile: ProfileMatch) => Promise<T>,
  ): Promise<T>;
}

interface OpenLink {
  readonly conversation: Conversation;
  readonly before: Json | undefined;
  readonly signal: AbortSignal;
  readonly giveBack: () => void;
}

export const createConversations = (deps: GatewayDeps, turns: Turns): Conversations => {
  const link: Conversations["link"] = (machineId, options = {}) => {
    let current: OpenLink | undefined;
    const close = async (): Promise<void> => {
      const ending = current;
      current = undefined;
      if (ending !== undefined) await end(deps, ending);
    };
    const get = async (signal: AbortSignal): Promise<Conversation> => {
      if (current !== undefined && !current.signal.aborted) return current.conversation;
      await close();
      current = await begin(deps, turns, machineId, options, signal);
      return current.conversation;
    };
    return { get, close };
  };

  const converse: Conversations["converse"] = async (machineId, options, work) => {
    const opened = link(machineId, options);
    try {
      return await work(await opened.get(options.signal));
    } finally {
      await opened.close();
    }
  };

  const converseOnce: Conversations["converseOnce"] = async (endpoint, signal, work) => {
    const { session, profile } = await openWithProfile(deps, endpoint, baseContext(deps, endpoint.address, signal));
    try {
      return await work(session, profile);
    } finally {
      await closeQuietly(deps, session, endpoint.address);
    }
  };
  return { link, converse, converseOnce };
};

const begin = async (
  deps: GatewayDeps,
  turns: Turns,
  machineId: string,
  options: ConverseOptions,
  signal: AbortSignal,
): Promise<OpenLink> => {
  const giveBack = await turns.take(machineId, signal);
  try {
    const machine = await deps.machines.get(machineId);
    const remembered = options.fresh === true ? undefined : await deps.machines.memory(machineId);
    const opened = await openFirst(deps, machine, remembered?.memory, options, signal);
    return { conversation: { ...opened, machine }, before: remembered?.memory, signal, giveBack };
  } catch (error) {
    giveBack();
    throw error;
  }
};

const end = async (deps: GatewayDeps, { conversation, before, giveBack }: OpenLink): Promise<void> => {
  const { session, machine } = conversation;
  try {
    await keep(deps, machine.id, session, before);
  } finally {
    await closeQuietly(deps, session, machine.name);
    giveBack();
  }
};

interface Opened {
  readonly session: Session;
  readonly endpoint: Endpoint;
  readonly profile: ProfileMatch;
}

const openFirst = async (
  deps: GatewayDeps,
  machine: MachineRecord,
  memory: Json | undefined,
  options: ConverseOptions,
  signal: AbortSignal,
): Promise<Opened> => {
  let failure: MediabayError | undefined;
  for (const index of machine.endpoints.keys()) {
    const endpoint = await deps.machines.endpoint(machine.id, index);
    try {
      const context = await machineContext(deps, machine, memory, options, signal);
      return { ...(await openWithProfile(deps, endpoint, context)), endpoint };
    } catch (error) {
      if (!(error instanceof MediabayError) || error.code !== "BMC_UNREACHABLE") throw error;
      failure = error;
    }
  }
  throw (
    failure ??
    new MediabayError("UNSUPPORTED_BY_BMC", `Machine ${machine.name} has no endpoint.`, { machine: machine.name })
  );
};

const openWithProfile = async (
  deps: GatewayDeps,
  endpoint: Endpoint,
  context: DriverContext,
): Promise<{ session: Session; profile: ProfileMatch }> => {
  const protocol = await protocolOf(deps, endpoint, context);
  let profile: ProfileMatch | undefined;
  const quirksFor = (identity: Identity): unknown => {
    profile = deps.profiles.match(identity);
    return protocol.quirks.parse(profile.quirks[protocol.name] ?? {});
  };
  const session = await protocol.open(endpoint, quirksFor, context);
  return { session, profile: profile ?? deps.profiles.match(session.identity) };
};

/** `auto` asks each protocol in turn whether it is spoken; a single one is simply opened. */
const protocolOf = async (deps: GatewayDeps, endpoint: Endpoint, context: DriverContext): Promise<Protocol> => {
  const known = [...deps.protocols.values()];
  const named = endpoint.protocol === "auto" ? undefined : deps.protocols.get(endpoint.protocol);
  if (named !== undefined) return named;
  if (known.length === 1 && known[0] !== undefined) return known[0];
  for (const protocol of known) {
    if ((await protocol.identify(endpoint, context)) !== undefined) return protocol;
  }
  throw new MediabayError(
    "UNSUPPORTED_BY_BMC",
    `${endpoint.address} speaks none of ${known.map((p) => p.name).join(", ")}.`,
  );
};

const baseContext = (deps: GatewayDeps, name: string, signal: AbortSignal): DriverContext => ({
  clock: deps.clock,
  signal,
  ...(deps.allow === undefined ? {} : { allow: deps.allow }),
  onExchange: (exchange) => {
    deps.onExchange?.(exchange);
    deps.log.debug({ machine: name, ...exchange }, "bmc exchange");
  },
});

const machineContext = async (
  deps: GatewayDeps,
  machine: MachineRecord,
  memory: Json | undefined,
  options: ConverseOptions,
  signal: AbortSignal,
): Promise<DriverContext> => {
  const left = await deps.machines.openSession(machine.id);
  return {
    ...baseContext(deps, machine.name, signal),
    ...(memory === undefined ? {} : { memory }),
    openSession: {
      ...(left === undefined ? {} : { left }),
      ...(options.loginSince === undefined ? {} : { loginSince: options.loginSince }),
      save: (session) => deps.machines.saveOpenSession(machine.id, session),
    },
  };
};

const keep = async (
  deps: GatewayDeps,
  machineId: string,
  session: Session,
  before: Json | undefined,
): Promise<void> => {
  const learnt = session.memory();
  if (JSON.stringify(learnt) === JSON.stringify(before)) return;
  await deps.machines.remember(machineId, learnt, session.identity);
};

/** A logout that fails must not hide what the conversation achieved; the session expires by itself. */
const closeQuietly = async (deps: GatewayDeps, session: Session, name: string): Promise<void> => {
  try {
    await session.close();
  } catch (error) {
    deps.log.warn(
      { machine: name, error: error instanceof MediabayError ? error.message : "unknown" },
      "closing the BMC session failed",
    );
  }
};

export const mediaOf = (session: Session): MediaDriver => {
  if (session.media === undefined) {
    throw new MediabayError("UNSUPPORTED_BY_BMC", "This BMC offers no virtual media.", {
      protocol: session.identity.protocol,
    });
  }
  return session.media;
};

export const hostOf = (address: string): string =>
  new URL(address.includes("://") ? address : `https://${address}`).hostname;
