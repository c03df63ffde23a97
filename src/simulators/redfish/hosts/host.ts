// The simulated host behind a ComputerSystem: its power state, and its boots.
import type { SimulatorClock } from "../../clock.ts";
import type { Slot } from "../media/slot.ts";
import type { Personality } from "../personality/index.ts";
import type { Resource } from "../resources/tree.ts";
import type { World } from "../resources/world.ts";
import { cleared, overrideOf } from "./boot.ts";
import { type BootRecord, type OpenBootRecord, readMedia } from "./boot-log.ts";
import { bootSource } from "./boot-source.ts";

interface Transition {
  readonly shows: "PoweringOn" | "PoweringOff";
  readonly until: number;
  readonly cause: string;
}

export interface HostContext {
  readonly clock: SimulatorClock;
  readonly personality: Personality;
  readonly world: World;
  readonly slots: readonly Slot[];
}

export class Host {
  boot: Resource;
  /** Boot values that the Settings object holds until the next reset. */
  pending: Resource | undefined;
  /** When it last went off, and when POST last began. */
  offAt = Number.NEGATIVE_INFINITY;
  #startedAt = Number.NEGATIVE_INFINITY;
  #on: boolean;
  #transition: Transition | undefined;
  #timer: NodeJS.Timeout | undefined;
  #current: { readonly done: Promise<void>; readonly stop: AbortController } | undefined;
  #readsToFail = 0;
  /** An override for once that held for one boot already. */
  #usedOnce = false;
  /** By slot: at how many more boots its medium stays. */
  readonly #flagged = new Map<Slot, number>();
  readonly #log: OpenBootRecord[] = [];
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

  /** As the System shows it; undefined where it cannot be read. */
  get shownPower(): string | undefined {
    const { power } = this;
    if (this.#transition === undefined) return power;
    const { transition } = this.#context.personality.power;
    if (transition === "failing") return undefined;
    return transition === "shown" ? power : this.#on ? "On" : "Off";
  }

  /** Whether this GET of the System meets a host that cannot be read; it may be the last that does. */
  failsRead(): boolean {
    if (this.shownPower === undefined) return true;
    if (this.#readsToFail === 0) return false;
    this.#readsToFail -= 1;
    return true;
  }

  get inPost(): boolean {
    return this.power === "On" && this.#context.clock.now() - this.#startedAt < this.#context.personality.power.postMs;
  }

  /** A medium went in so short ago that Boot cannot be written yet. */
  get digestsMedium(): boolean {
    const { busyAfterInsertMs } = this.#context.personality.media;
    return this.#context.slots.some(({ insertedAt }) => this.#context.clock.now() - insertedAt < busyAfterInsertMs);
  }

  /** When it was last started or reset; undefined while it never was. */
  get lastResetAt(): number | undefined {
    this.#settle();
    return Number.isFinite(this.#startedAt) ? this.#startedAt : undefined;
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
    if (this.#on) this.#start(transition);
    else this.#wentOff(transition);
  }

  #wentOff({ until }: Transition): void {
    this.offAt = until;
    this.#readsToFail = this.#context.personality.power.failingReadsWhenOff;
    if (this.#context.personality.boot.clearedByPowerOff) this.boot = cleared(this.boot);
  }

  #start({ cause, until: at }: Transition): void {
    const { personality, world } = this.#context;
    this.#startedAt = at;
    if (this.pending !== undefined) this.boot = { ...this.boot, ...this.pending };
    this.pending = undefined;
    world.apply(personality.oem.atBoot);
    this.#ejectFlagged();
    const seen = this.#context.slots.filter(({ uris }) => !uris.some((uri) => world.isShut("host-blind", uri)));
    const override = overrideOf(this.boot);
    const { source, slot } = bootSource({ personality, world, slots: seen }, override);
    if (source === "Flag" && slot !== undefined) this.#unflag(slot);
    this.#consume();
    const named = slot === undefined ? {} : { slot: slot.id };
    const log: OpenBootRecord = { at, cause, override, source, ...named, media: [], finished: false };
    this.#log.push(log);
    const stop = new AbortController();
    const others = seen.filter((other) => other !== slot);
    this.#current = { done: readMedia(log, slot === undefined ? others : [slot, ...others], stop.signal), stop };
  }

  /** An override for once is used up. */
  #consume(): void {
    if (overrideOf(this.boot).enabled !== "Once") return;
    const stays = this.#context.personality.boot.once === "kept-one-boot-more" && !this.#usedOnce;
    this.#usedOnce = stays;
    if (!stays) this.boot = cleared(this.boot);
  }

  #unflag(slot: Slot): void {
    const { media } = this.#context.personality;
    if (media.bootFlag === undefined) return;
    for (const uri of slot.uris) this.#context.world.set(uri, media.bootFlag.property, false);
    this.#flagged.set(slot, media.bootFlag.ejectAfterBoots);
  }

  #ejectFlagged(): void {
    for (const [slot, left] of this.#flagged) {
      this.#flagged.set(slot, left - 1);
      if (left > 1) continue;
      this.#flagged.delete(slot);
      slot.hold(undefined, 0);
    }
  }

  #stopReading(): void {
    this.#current?.stop.abort();
  }
}
