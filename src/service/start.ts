// Composition of the service: builds every room, hands each what it needs, and listens. The only place that knows them all.
import { join } from "node:path";
import type { Gateway } from "../core/gateway.ts";
import { createProtocols } from "../drivers/registry.ts";
import type { Conversations } from "../gateway/connect.ts";
import type { GatewayDeps, SubmittingDeps } from "../gateway/deps.ts";
import { createGateway, createUseCases } from "../gateway/gateway.ts";
import { createRecheck, recheckUntil } from "../gateway/recheck.ts";
import { endLeftSessions, sweep } from "../gateway/sweep.ts";
import { createDetachWatch, watchDetaching } from "../gateway/watching/detach-watch.ts";
import { createLeftoverWatch, watchLeftovers } from "../gateway/watching/leftovers.ts";
import type { ImagePlane } from "../images/server.ts";
import { createOperations } from "../operations/runner.ts";
import { createRecorder } from "../recording/recorder.ts";
import type { Settings } from "../settings/schema.ts";
import { ensureAdminToken } from "../store/admin-token.ts";
import { type KeySource, loadSealer } from "../store/keys.ts";
import { databaseFile, openSqliteStore, type Store } from "../store/open-store.ts";
import { openStateDir } from "../store/state-dir.ts";
import { createLog } from "../telemetry/log.ts";
import { createMetrics, type Metrics } from "../telemetry/metrics.ts";
import { observe } from "../telemetry/observe.ts";
import { systemClock } from "../wire/clock.ts";
import { createHttpPool } from "../wire/pool.ts";
import { type Building, type ServeOptions, unwind } from "./building.ts";
import { startControlSide } from "./control-side.ts";
import { type ImageSide, startImageSide } from "./image-side.ts";
import { keepHouse } from "./housekeeping.ts";
import { checkFileRoots } from "./file-roots.ts";
import { loadProfiles } from "./profile-check.ts";

export interface Running {
  /** Base of the REST side: `http://127.0.0.1:8480`. */
  readonly controlUrl: string;
  readonly imagePlane: ImagePlane;
  readonly tokenFile: string;
  readonly gateway: Gateway;
  /** Takes no more requests, stops what runs between two steps, closes all. Operations under way resume at the next start. */
  close(): Promise<void>;
}

const stopGraceMs = 5000;

/** @throws MediabayError STATE_LOCKED, SETTINGS_INVALID, STORE_UNAVAILABLE; nothing stays open behind it */
export const startMediabay = async (settings: Settings, options: ServeOptions): Promise<Running> => {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? createLog({ level: settings.log.level, clock });
  const building: Building = { settings, options, clock, log, undo: [] };
  try {
    return await build(building);
  } catch (error) {
    await unwind(building.undo);
    throw error;
  }
};

const build = async (building: Building): Promise<Running> => {
  const { options, log, undo } = building;
  await checkFileRoots(building.settings);
  const store = await openStore(building);
  const { path: tokenFile } = await ensureAdminToken(store.tokens, building.settings.stateDir);
  const metrics = createMetrics({ version: options.version });
  const imageSide = await startImageSide(building, store, metrics);
  const gateway = await startGateway(building, store, imageSide, metrics);
  const control = await startControlSide(building, gateway, store, metrics);
  imageSide.own.push(control.listener);
  keepHouse(building, store, imageSide, metrics);
  log.info({ control: control.url, imagePlane: imageSide.plane.addresses }, "ready");
  return { controlUrl: control.url, imagePlane: imageSide.plane, tokenFile, gateway, close: () => unwind(undo) };
};

/** Where the sealing key is: the settings' choice, else a file in the state directory. */
export const keySource = ({ keys, stateDir }: Settings): KeySource => {
  if (keys.env !== undefined) return { kind: "environment", variable: keys.env };
  if (keys.credential !== undefined) return { kind: "systemd", name: keys.credential };
  return { kind: "file", path: keys.file ?? join(stateDir, "sealing.key"), database: databaseFile(stateDir) };
};

const openStore = async ({ settings, options, clock, log, undo }: Building): Promise<Store> => {
  const stateDir = openStateDir(settings.stateDir);
  undo.push(() => stateDir.release());
  const sealer = await loadSealer(keySource(settings));
  const { onCommit } = options;
  const store = await openSqliteStore({ stateDir: stateDir.path, sealer, clock, log, ...(onCommit && { onCommit }) });
  undo.push(() => store.close());
  return store;
};

const startGateway = async (
  building: Building,
  store: Store,
  imageSide: ImageSide,
  metrics: Metrics,
): Promise<Gateway> => {
  const { settings, clock, log, undo } = building;
  const pool = createHttpPool({ clock });
  undo.push(() => pool.close());
  const protocols = createProtocols({ http: pool });
  const deps: GatewayDeps = {
    machines: store.machines,
    attachments: store.attachments,
    journal: store.journal,
    auditLog: store.audit,
    images: imageSide.images,
    publications: imageSide.publications,
    ...(imageSide.ca !== undefined && { imageCa: imageSide.ca }),
    profiles: await loadProfiles(settings, building.options.vendorsDir, protocols),
    protocols,
    clock,
    log,
    onExchange: (exchange) => metrics.bmcExchange(exchange),
    allow: new Set(settings.policy.destructive),
    deadlineMs: settings.operations.deadlineMs,
  };
  const { conversations, handlers } = createUseCases(deps);
  undo.push(observe(store.journal, store.machines, { metrics, log }));
  const { concurrency } = settings.operations;
  const operations = createOperations({ journal: store.journal, clock, log, handlers, concurrency });
  await sweep(deps);
  // Not waited for: a BMC that does not answer must not keep the others' gateway from starting.
  void endLeftSessions(deps, conversations);
  await operations.start();
  undo.push(() => operations.stop(stopGraceMs));
  const submitting = { ...deps, credentials: store.credentials, operations, recorder: createRecorder({ clock }) };
  lookAfterAttachments(submitting, conversations, undo);
  return createGateway(submitting, conversations);
};

/** Media that BMCs drop by themselves, those that are detached by a rule, and those that were left in. */
const lookAfterAttachments = (deps: SubmittingDeps, conversations: Conversations, undo: Building["undo"]): void => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const watches = [
    recheckUntil(deps, createRecheck(deps, conversations), signal),
    watchDetaching(deps, createDetachWatch(deps, conversations), signal),
    watchLeftovers(deps, createLeftoverWatch(deps, conversations), signal),
  ];
  undo.push(async () => {
    stopping.abort();
    await Promise.all(watches);
  });
};
