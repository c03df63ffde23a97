// The simulated host behind a ComputerSystem: its power state, and the boots in which it really reads the media that are in.
import type { SimulatorClock } from "../../clock.ts";
import { ImageReadError } from "../../image-reader.ts";
import type { Personality } from "../personality.ts";
import type { Resource } from "../tree.ts";
import { type BootOverride, bootableFrom, consumed, overrideOf } from "./boot.ts";
import type { Slot } from "./slot.ts";

/** What one medium gave in one boot. */
export interface BootedMedium {
  readonly slot: string;
  readonly image: string;
  readonly bytesRead: number;
  readonly sha256?: string;
  /** Why it was not read to its end. */
  readonly error?: string;
}

export interface BootRecord {
  readonly at: number;
  /** The ResetType, or `Button` and `ByHand` for a human. */
  readonly cause: string;
  /** The override as it stood when the host started. */
  readonly override: BootOverride;
  /** The boot target that was followed; `Hdd` where no override was, or where its medium was missing. */
  readonly source: string;
  /** The slot booted from. */
  readonly slot?: string;
  readonly media: readonly BootedMedium[];
  /** All media were read, failed, or were interrupted. */
  readonly finished: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Log = Mutable<Omit<BootRecord, "media">> & { readonly media: BootedMedium[] };

interface Transition {
  readonly shows: "PoweringOn" | "PoweringOff";
  readonly until: number;
  readonly cause: string;
}

export interface HostContext {
  readonly clock: SimulatorClock;
  readonly personality: Personality;
  readonly slots: readonly Slot[];
}

export class Host {
  boot: Resource;
  /** Boot values that the Settings object holds until the next reset. */
  pending: Resource | undefined;
  #on: boolean;
  #transition: Transition | undefined;
  #timer: NodeJS.Timeout | undefined;
  #current: { readonly done: Promise<void>; readonly stop: AbortController } | undefined;
  readonly #log: Log[] = [];
  readonly #context: HostContext;

  constructor(boot: Resource, on: boolean, context: HostContext) {
    this.boot = boot;
    this.#on = on;
    this.#context = context;
  }

  get power(): string {
    this.#settle();
    return this.#transition?.shows ?? (this.#on ? "On" : "Off");
  }

  get log(): readonly BootRecord[] {
    this.#settle();
    return this.#log.map((entry) => ({ ...entry, media: [...entry.media] }));
  }

  powerOn(cause: string): void {
    this.#begin("PoweringOn", cause);
  }

  powerOff(cause: string): void {
    this.#stopReading();
    this.#begin("PoweringOff", cause);
  }

  restart(cause: string): void {
    this.#stopReading();
    this.#begin("PoweringOn", cause);
  }

  /** A human pushes the button. */
  pressPower(): void {
    this.setPower(this.power === "Off" ? "On" : "Off", "Button");
  }

  setPower(state: "On" | "Off", cause: string): void {
    if (state === "On" && this.power === "Off") this.powerOn(cause);
    if (state === "Off" && this.power !== "Off") this.powerOff(cause);
  }

  /** Resolves when the boot under way has read what it reads. */
  async idle(): Promise<void> {
    this.#settle();
    await this.#current?.done;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#transition = undefined;
    this.#stopReading();
    await this.#current?.done;
  }

  #begin(shows: Transition["shows"], cause: string): void {
    const { clock, personality } = this.#context;
    const { transitionMs } = personality.power;
    this.#transition = { shows, until: clock.now() + transitionMs, cause };
    this.#settle();
    // The clock decides; the timer only makes a machine's own clock be looked at when nobody asks.
    clearTimeout(this.#timer);
    if (this.#transition !== undefined) this.#timer = setTimeout(() => this.#settle(), transitionMs + 1).unref();
  }

  #settle(): void {
    const transition = this.#transition;
    if (transition === undefined || this.#context.clock.now() < transition.until) return;
    this.#transition = undefined;
    this.#on = transition.shows === "PoweringOn";
    if (this.#on) this.#start(transition.cause);
  }

  #start(cause: string): void {
    if (this.pending !== undefined) this.boot = { ...this.boot, ...this.pending };
    this.pending = undefined;
    const override = overrideOf(this.boot);
    this.boot = consumed(this.boot);
    const { source, slot } = this.#source(override);
    const log: Log = {
      at: this.#context.clock.now(),
      cause,
      override,
      source,
      ...(slot === undefined ? {} : { slot: slot.id }),
      media: [],
      finished: false,
    };
    this.#log.push(log);
    const others = this.#context.slots.filter((other) => other !== slot);
    const stop = new AbortController();
    const done = this.#read(log, slot === undefined ? others : [slot, ...others], stop.signal);
    this.#current = { done, stop };
  }

  #source(override: BootOverride): { readonly source: string; readonly slot?: Slot } {
    if (override.enabled === "Disabled" || override.target === "None") return { source: "Hdd" };
    const types = bootableFrom(override.target);
    if (types.length === 0) return { source: override.target };
    const slot = this.#context.slots.find(
      (candidate) => candidate.shown?.inserted === true && candidate.mediaTypes.some((type) => types.includes(type)),
    );
    return slot === undefined ? { source: "Hdd" } : { source: override.target, slot };
  }

  /** The boot source first, then every other medium, as a host reads its config drive. */
  async #read(log: Log, slots: readonly Slot[], signal: AbortSignal): Promise<void> {
    for (const slot of slots) {
      const medium = slot.shown;
      if (signal.aborted || medium?.reader === undefined || !medium.inserted) continue;
      const { reader, image } = medium;
      const before = reader.bytesRead;
      const entry = (): BootedMedium => ({ slot: slot.id, image, bytesRead: reader.bytesRead - before });
      try {
        await reader.readAll(signal);
        log.media.push({ ...entry(), ...(reader.sha256 === undefined ? {} : { sha256: reader.sha256 }) });
      } catch (error) {
        if (!(error instanceof ImageReadError)) throw error;
        log.media.push({ ...entry(), error: error.message });
      }
    }
    log.finished = true;
  }

  #stopReading(): void {
    this.#current?.stop.abort();
  }
}
