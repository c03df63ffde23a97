// The process of the gateway: the whole service as it is shipped, with what it costs measured from inside.
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "../../../src/core/driver.ts";
import { systemClock } from "../../../src/wire/clock.ts";
import { startTestService, type TestService } from "../../tools/service.ts";
import { answerCalls } from "./child.ts";

export interface GatewayCost {
  /** How late timers were, in milliseconds. */
  readonly loopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly cpuMs: number;
  /** The most that was resident since the start. */
  readonly peakBytes: number;
  /** Waits for the BMCs' sake that were waited to their end, by the source file that asked for them, in milliseconds. */
  readonly waitsMs: Readonly<Record<string, number>>;
  /** Of the store, and how long they held the event loop. */
  readonly commits: { readonly count: number; readonly ms: number };
}

const resolutionMs = 10;
const loopDelay = monitorEventLoopDelay({ resolution: resolutionMs });
const waitsMs = new Map<string, number>();
let cpuBefore = process.cpuUsage();
let service: TestService | undefined;

/** The file below src/drivers/redfish or src/operations whose line called the clock: that is who waits for a BMC. */
const callerOf = (stack = ""): string | undefined =>
  /\/src\/(?:drivers\/redfish|operations)\/([^:]+)\.ts/u.exec(stack.split("\n")[2] ?? "")?.[1];

const countingClock: Clock = {
  ...systemClock,
  sleep: async (ms, signal) => {
    const caller = callerOf(new Error("who waits").stack);
    await systemClock.sleep(ms, signal);
    if (caller !== undefined) waitsMs.set(caller, (waitsMs.get(caller) ?? 0) + ms);
  },
};

/** The monitor's figures are those of its own timer, its period included. */
const lateMs = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolutionMs);

let commitBeganAt = 0;
let commits = { count: 0, ms: 0 };
const onCommit = (when: "before" | "after"): void => {
  if (when === "before") commitBeganAt = performance.now();
  else commits = { count: commits.count + 1, ms: commits.ms + performance.now() - commitBeganAt };
};

const handlers = {
  start: async (settings: Readonly<Record<string, string>>): Promise<{ url: string; token: string }> => {
    service = await startTestService(settings, { clock: countingClock, onCommit });
    return { url: service.running.controlUrl, token: service.token };
  },
  begin: (): void => {
    waitsMs.clear();
    commits = { count: 0, ms: 0 };
    cpuBefore = process.cpuUsage();
    loopDelay.reset();
    loopDelay.enable();
  },
  cost: (): GatewayCost => {
    loopDelay.disable();
    const { user, system } = process.cpuUsage(cpuBefore);
    return {
      loopDelayMs: {
        p50: lateMs(loopDelay.percentile(50)),
        p99: lateMs(loopDelay.percentile(99)),
        max: lateMs(loopDelay.max),
      },
      cpuMs: (user + system) / 1000,
      peakBytes: process.resourceUsage().maxRSS * 1024,
      waitsMs: Object.fromEntries(waitsMs),
      commits,
    };
  },
} as const;

export type GatewayProcess = typeof handlers;

answerCalls(handlers, async () => service?.close());
