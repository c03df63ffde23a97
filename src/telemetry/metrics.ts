// The process's Prometheus metrics, in a registry of their own. Every label takes its values from a bounded set.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "@prometheus-io/client";
import type { Exchange } from "../core/driver.ts";
import type { AttachmentState, OperationKind, ProtocolName } from "../core/vocabulary.ts";
import { attachmentStates } from "../core/vocabulary.ts";

export interface MetricsSettings {
  /** Our version, for `mediabay_build_info`. */
  readonly version: string;
  /** Also collect Node's own: memory, event loop, garbage collection. Default true. */
  readonly process?: boolean;
}

/** What is counted at each scrape rather than kept. A source that fails leaves its gauge out of that scrape. */
export interface GaugeSources {
  machines(): number | Promise<number>;
  attachments():
    | Readonly<Partial<Record<AttachmentState, number>>>
    | Promise<Readonly<Partial<Record<AttachmentState, number>>>>;
  publications(): number | Promise<number>;
  onError(error: unknown): void;
}

export interface Metrics {
  readonly contentType: string;
  operationEnded(operation: {
    readonly kind: OperationKind;
    readonly outcome: "succeeded" | "failed" | "cancelled";
  }): void;
  stepEnded(step: {
    /** `unknown` until the machine was spoken to. */
    readonly protocol: ProtocolName | "unknown";
    readonly kind: OperationKind;
    readonly step: string;
    readonly outcome: "done" | "failed" | "undone";
    readonly durationMs: number;
  }): void;
  /** One request to a BMC, as drivers report it to `onExchange`. */
  bmcExchange(exchange: Exchange): void;
  /** One answer of the image plane: its status and the body bytes really sent. */
  imagePlaneRequest(request: { readonly status: number; readonly bytes: number }): void;
  /** Somebody asked the image plane for a path that is not for him; `refused`: because of too many of them. */
  imagePlaneGuess(guess: { readonly refused: boolean }): void;
  /** One source brought into the store, or not; `joined` shared another's download, `unchanged` needed none. */
  downloadEnded(outcome: "succeeded" | "failed" | "joined" | "unchanged"): void;
  /** Asked at every scrape from now on. */
  setSources(sources: GaugeSources): void;
  /** The exposition text. */
  text(): Promise<string>;
}

const methods = new Set(["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"]);
const stepPattern = /^[a-z][a-z0-9-]{0,40}$/;
const mostSteps = 64;

/** The first word of a step's name: an id may follow it. Names come from code, but a bug there must not grow the registry without end. */
const boundedSteps = (): ((step: string) => string) => {
  const known = new Set<string>();
  return (name) => {
    const [step = ""] = name.split(" ", 1);
    if (known.has(step)) return step;
    if (known.size >= mostSteps || !stepPattern.test(step)) return "other";
    known.add(step);
    return step;
  };
};

const statusClass = (status: number | undefined): string =>
  status !== undefined && status >= 100 && status < 600 ? `${Math.floor(status / 100)}xx` : "error";

const statusCode = (status: number): string =>
  Number.isInteger(status) && status >= 100 && status < 600 ? String(status) : "other";

const createInstruments = (registers: Registry[]) => ({
  operations: new Counter({
    name: "mediabay_operations_total",
    help: "Operations that ended, by kind and outcome.",
    labelNames: ["kind", "outcome"],
    registers,
  }),
  steps: new Histogram({
    name: "mediabay_step_seconds",
    help: "Duration of operation steps.",
    labelNames: ["kind", "protocol", "step", "outcome"],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
    registers,
  }),
  bmcRequests: new Counter({
    name: "mediabay_bmc_requests_total",
    help: "Requests sent to BMCs; class `error` had no answer.",
    labelNames: ["protocol", "method", "class"],
    registers,
  }),
  bmcSeconds: new Histogram({
    name: "mediabay_bmc_request_seconds",
    help: "Duration of requests to BMCs.",
    labelNames: ["protocol", "method"],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  }),
  imageRequests: new Counter({
    name: "mediabay_image_plane_requests_total",
    help: "Requests that the image plane answered, by status.",
    labelNames: ["code"],
    registers,
  }),
  imageBytes: new Counter({
    name: "mediabay_image_plane_bytes_total",
    help: "Image bytes sent to BMCs.",
    registers,
  }),
  imageGuesses: new Counter({
    name: "mediabay_image_plane_guesses_total",
    help: "Requests to the image plane for paths that are not for who asks; `refused` were too many of one address.",
    labelNames: ["outcome"],
    registers,
  }),
  downloads: new Counter({
    name: "mediabay_downloads_total",
    help: "Sources brought into the store, by outcome.",
    labelNames: ["outcome"],
    registers,
  }),
  machines: new Gauge({ name: "mediabay_machines", help: "Registered machines.", registers }),
  attachments: new Gauge({
    name: "mediabay_attachments",
    help: "Attachments, by state.",
    labelNames: ["state"],
    registers,
  }),
  publications: new Gauge({ name: "mediabay_publications", help: "Live publications.", registers }),
  build: new Gauge({
    name: "mediabay_build_info",
    help: "Always 1; the labels say what runs.",
    labelNames: ["version", "node"],
    registers,
  }),
});

type Instruments = ReturnType<typeof createInstruments>;

const refreshGauges = async (instruments: Instruments, sources: GaugeSources): Promise<void> => {
  const { machines, publications, attachments } = instruments;
  const refresh = async (read: () => Promise<void>, leaveOut: () => void): Promise<void> => {
    try {
      await read();
    } catch (error) {
      leaveOut();
      sources.onError(error);
    }
  };
  await Promise.all([
    refresh(
      async () => machines.set(await sources.machines()),
      () => machines.remove(),
    ),
    refresh(
      async () => publications.set(await sources.publications()),
      () => publications.remove(),
    ),
    refresh(
      async () => {
        const counts = await sources.attachments();
        for (const state of attachmentStates) attachments.set({ state }, counts[state] ?? 0);
      },
      () => attachments.reset(),
    ),
  ]);
};

/** A registry of its own: two in one process do not disturb each other. */
export const createMetrics = (settings: MetricsSettings): Metrics => {
  const registry = new Registry();
  const instruments = createInstruments([registry]);
  const boundStep = boundedSteps();
  let gaugeSources: GaugeSources | undefined;
  if (settings.process ?? true) collectDefaultMetrics({ register: registry });
  instruments.build.set({ version: settings.version, node: process.version }, 1);
  return {
    contentType: registry.contentType,
    operationEnded: ({ kind, outcome }) => instruments.operations.inc({ kind, outcome }),
    stepEnded: ({ kind, protocol, step, outcome, durationMs }) =>
      instruments.steps.observe({ kind, protocol, step: boundStep(step), outcome }, durationMs / 1000),
    bmcExchange: ({ protocol, method, status, durationMs }) => {
      const verb = methods.has(method) ? method : "other";
      instruments.bmcRequests.inc({ protocol, method: verb, class: statusClass(status) });
      instruments.bmcSeconds.observe({ protocol, method: verb }, durationMs / 1000);
    },
    imagePlaneRequest: ({ status, bytes }) => {
      instruments.imageRequests.inc({ code: statusCode(status) });
      instruments.imageBytes.inc(bytes);
    },
    imagePlaneGuess: ({ refused }) => instruments.imageGuesses.inc({ outcome: refused ? "refused" : "unknown" }),
    downloadEnded: (outcome) => instruments.downloads.inc({ outcome }),
    setSources: (sources) => {
      gaugeSources = sources;
    },
    text: async () => {
      if (gaugeSources) await refreshGauges(instruments, gaugeSources);
      return registry.metrics();
    },
  };
};
