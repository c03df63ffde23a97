// A simulated Redfish BMC on a real socket: a fixture's resource tree made alive, a host that boots, media that are really read.
// Written from DSP0266 and DSP0268; products' deviations are switches of its personality.
import { type SimulatorClock, systemClock } from "../clock.ts";
import type { TlsOptions } from "../web-server.ts";
import { type Fixture, loadFixture } from "./resources/fixture.ts";
import { type BootOverride, overrideOf } from "./hosts/boot.ts";
import type { BootRecord } from "./hosts/boot-log.ts";
import type { Host } from "./hosts/host.ts";
import { Hosts } from "./hosts/hosts.ts";
import { Managers } from "./hosts/managers.ts";
import type { Fault } from "./http/faults.ts";
import { Listener, type RequestRecord } from "./http/listener.ts";
import { Pace } from "./http/pace.ts";
import type { Slot, SlotView } from "./media/slot.ts";
import { VirtualMedia } from "./media/virtual-media.ts";
import { Oem } from "./oem/oem.ts";
import type { PersonalityOverrides } from "./personality/index.ts";
import { Service } from "./service.ts";
import { type Credentials, Sessions } from "./sessions.ts";
import { Tasks } from "./tasks.ts";
import { World } from "./resources/world.ts";

export interface RedfishSimulatorOptions {
  /** A folder of `fixtures/`, or an absolute one; the standard two-slot service when absent. */
  readonly fixture?: string;
  readonly host?: string;
  readonly port?: number;
  readonly tls?: TlsOptions;
  readonly username?: string;
  readonly password?: string;
  /** Switches that differ from the fixture's personality.json. */
  readonly overrides?: PersonalityOverrides;
  readonly clock?: SimulatorClock;
  /** Beside the work itself, every reply takes so long; instead of the personality's `http.latencyMs`. */
  readonly latencyMs?: number;
  /** PEM of the CA that https image servers must chain to; without it any certificate will do. */
  readonly imageCa?: string;
}

export interface RedfishSimulator {
  /** `http://127.0.0.1:port`, without a path. */
  readonly url: string;
  readonly credentials: Credentials;
  /** Every request since the start or the last `clearRequests`, in order of arrival. */
  requests(): readonly RequestRecord[];
  clearRequests(): void;
  /** TCP connections accepted since the start. */
  connections(): number;
  slots(): readonly SlotView[];
  /** Media that really went in, or came out, by Redfish requests; a human's do not count. */
  effectiveInserts(): number;
  effectiveEjects(): number;
  /** Open Redfish sessions. */
  sessions(): number;
  /** `system` is an Id; without it the first System that can be reset. */
  boot(system?: string): BootOverride;
  /** `On`, `Off`, `PoweringOn` or `PoweringOff`. */
  power(system?: string): string;
  /** A human pushes the button: on when off, off when on. */
  pressPower(system?: string): void;
  setPower(state: "On" | "Off", system?: string): void;
  /** What the host booted from, and what it read, at each start. */
  bootLog(system?: string): readonly BootRecord[];
  /** Resolves when no task runs and no host reads any more. */
  idle(): Promise<void>;
  setFault(fault: Fault): void;
  clearFaults(): void;
  /** From now on connects are refused and open connections are dropped. */
  refuseConnections(): void;
  acceptConnections(): Promise<void>;
  /** A human at the BMC's console inserts a medium; `slot` is an Id or a URI. */
  insertByHand(slot: string, url: string): void;
  /** The BMC restarts: sessions and media are gone, the host's power is not touched. */
  restartBmc(): void;
  close(): Promise<void>;
}

const standardFixture = "dmtf/two-slot-1.0";

/** @throws when the fixture is malformed, an override is unknown, or the port is taken */
export const startRedfishSimulator = async (options: RedfishSimulatorOptions = {}): Promise<RedfishSimulator> => {
  const assembly = build(await loadFixture(options.fixture ?? standardFixture, options.overrides), options);
  await assembly.listener.server.accept();
  return simulatorOf(assembly);
};

interface Assembly {
  readonly listener: Listener;
  readonly credentials: Credentials;
  readonly media: VirtualMedia;
  readonly sessions: Sessions;
  readonly tasks: Tasks;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly closing: AbortController;
  /** The BMC goes down for so long and comes up without sessions and, unless it keeps them, media. */
  restartFor(ms: number): void;
}

const build = ({ tree, personality, places }: Fixture, options: RedfishSimulatorOptions): Assembly => {
  const clock = options.clock ?? systemClock;
  const credentials = { username: options.username ?? "admin", password: options.password ?? "simulated" };
  const closing = new AbortController();
  const world = new World({ tree, clock, oem: personality.oem });
  const context = { tree, personality, clock, world, closed: closing.signal };
  const pace = new Pace(personality.http, clock, options.latencyMs, closing.signal);
  const sessions = new Sessions(context, credentials);
  const tasks = new Tasks(context);
  const sessionIsOpen = (id: string): boolean => sessions.isOpen(id);
  const media = new VirtualMedia({ ...context, places, tasks, sessionIsOpen, imageCa: options.imageCa });
  const hosts = new Hosts({ ...context, tasks, slotsOf: (systemUri) => media.slotsOf(systemUri) });
  const restartFor = (ms: number): void => {
    pace.goneFor(ms);
    sessions.dropAll();
    if (!personality.bmc.keepsMedia) media.dropAll();
    listener.faults.bmcRestarted();
  };
  const managers = new Managers({ ...context, restart: () => restartFor(personality.bmc.restartMs) });
  const oem = new Oem({ ...context, media, tasks });
  const parts = [sessions, tasks, media, hosts, managers, oem];
  world.link({
    parts,
    slotIsFull: (uri) => media.slotAt(uri)?.shown !== undefined,
    inPost: (systems) => hosts.inPost(systems),
  });
  const service = new Service({ ...context, sessions, tasks, oem, parts });
  const listener = new Listener({
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    tls: options.tls,
    personality,
    pace,
    now: () => clock.now(),
    handle: (incoming) => service.handle(incoming),
    overloaded: () => service.overloaded(),
    crash: () => restartFor(personality.http.crashMs),
  });
  return { listener, credentials, media, sessions, tasks, hosts: hosts.byUri, closing, restartFor };
};

const simulatorOf = (assembly: Assembly): RedfishSimulator => {
  const { listener, credentials, media, sessions, hosts } = assembly;
  const { server, faults } = listener;
  return {
    url: server.url,
    credentials,
    requests: () => listener.requests(),
    clearRequests: () => listener.clearRequests(),
    connections: () => server.connections,
    slots: () => media.slots.map((slot) => slot.view()),
    effectiveInserts: () => media.loader.inserts,
    effectiveEjects: () => media.loader.ejects,
    sessions: () => sessions.count,
    boot: (system) => overrideOf(findHost(hosts, system).boot),
    power: (system) => findHost(hosts, system).power,
    pressPower: (system) => findHost(hosts, system).pressPower(),
    setPower: (state, system) => findHost(hosts, system).setPower(state, "ByHand"),
    bootLog: (system) => findHost(hosts, system).log,
    idle: () => idle(assembly),
    setFault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    refuseConnections: () => server.refuse(),
    acceptConnections: () => server.accept(),
    insertByHand: (slot, url) => findSlot(media.slots, slot).holdByHand(url),
    restartBmc: () => assembly.restartFor(0),
    close: () => close(assembly),
  };
};

const idle = async ({ tasks, hosts }: Assembly): Promise<void> => {
  await tasks.idle();
  await Promise.all([...hosts.values()].map((host) => host.idle()));
};

const close = async ({ media, hosts, tasks, listener, closing }: Assembly): Promise<void> => {
  closing.abort();
  media.loader.close();
  media.dropAll();
  await Promise.all([...hosts.values()].map((host) => host.close()));
  await listener.server.close();
  await tasks.idle();
};

const findHost = (hosts: ReadonlyMap<string, Host>, system: string | undefined): Host => {
  const named = [...hosts].find(([uri]) => system === undefined || uri.endsWith(`/${system}`));
  if (named === undefined) throw new Error(`no System ${system ?? ""}`);
  return named[1];
};

const findSlot = (slots: readonly Slot[], name: string): Slot => {
  const slot = slots.find((candidate) => candidate.ids.includes(name) || candidate.uris.includes(name));
  if (slot === undefined) throw new Error(`no slot ${name}`);
  return slot;
};
