// What the whole simulated service shows at this moment: the fixture, what its parts know better, and what was set since.
import type { SimulatorClock } from "../../clock.ts";
import type { Part } from "../part.ts";
import type { OemRules } from "../personality/oem.ts";
import type { ResourceCondition, Setting } from "../personality/values.ts";
import { valueAt, withValue } from "./pointer.ts";
import { type Json, plainUri, type Resource, shownText, type Tree } from "./tree.ts";

interface Change {
  readonly property: string;
  readonly value: Json;
  /** Shown from then on. */
  readonly from: number;
}

/** What only the parts know. */
export interface WorldLinks {
  readonly parts: readonly Part[];
  readonly slotIsFull: (uri: string) => boolean;
  /** The host behind one of these Systems is in POST. */
  readonly inPost: (systems: readonly string[]) => boolean;
}

export interface WorldContext {
  readonly tree: Tree;
  readonly clock: SimulatorClock;
  readonly oem: OemRules;
}

export class World {
  readonly #context: WorldContext;
  #links: WorldLinks = { parts: [], slotIsFull: () => false, inPost: () => false };
  readonly #changes = new Map<string, Change[]>();
  #asking = 0;

  constructor(context: WorldContext) {
    this.#context = context;
  }

  link(links: WorldLinks): void {
    this.#links = links;
  }

  inPost(systems: readonly string[]): boolean {
    return this.#links.inPost(systems);
  }

  /** The resource as a GET shows it. */
  find(link: string): Resource | undefined {
    const uri = plainUri(link);
    let resource = this.#changed(uri);
    if (resource === undefined) return undefined;
    for (const { at, property, value, when } of this.#context.oem.shows) {
      if (plainUri(at) === uri && this.holds(when)) resource = withValue(resource, property, value);
    }
    return resource;
  }

  /** A property as a GET shows it, except for what only follows other properties. */
  read(at: string, property: string): Json | undefined {
    this.#asking += 1;
    try {
      return valueAt(this.#changed(plainUri(at)), property);
    } finally {
      this.#asking -= 1;
    }
  }

  holds(conditions: readonly ResourceCondition[]): boolean {
    return conditions.every((condition) => {
      if ("slot" in condition) return this.#links.slotIsFull(plainUri(condition.slot)) === condition.inserted;
      const value = JSON.stringify(this.read(condition.at, condition.property) ?? null);
      return condition.in.some((item) => JSON.stringify(item) === value);
    });
  }

  /** Whether a gate of this effect is shut for the slot at `uri`. A gate never shuts the resource that decides about it. */
  isShut(effect: OemRules["gates"][number]["effect"], uri: string): boolean {
    if (this.#asking > 0) return false;
    return this.#context.oem.gates.some(
      (gate) =>
        gate.effect === effect &&
        (gate.slots === undefined || new RegExp(gate.slots, "u").test(uri)) &&
        !this.holds(gate.unless),
    );
  }

  /** Sets properties, from `body` where a setting says so; they show after `delayMs`. */
  apply(settings: readonly Setting[], body: Resource = {}, delayMs = 0): void {
    for (const setting of settings) {
      const value = valueOf(setting, body);
      if (value !== undefined) this.set(setting.at, setting.property, value, delayMs);
    }
  }

  set(at: string, property: string, value: Json, delayMs = 0): void {
    const uri = plainUri(at);
    const from = this.#context.clock.now() + delayMs;
    const others = (this.#changes.get(uri) ?? []).filter((change) => delayMs > 0 || change.property !== property);
    this.#changes.set(uri, [...others, { property, value, from }]);
  }

  #changed(uri: string): Resource | undefined {
    let resource: Resource | undefined;
    for (const part of this.#links.parts) resource ??= part.resource(uri);
    resource ??= this.#hides(uri) ? undefined : this.#context.tree.get(uri);
    const changes = this.#changes.get(uri);
    if (resource === undefined || changes === undefined) return resource;
    for (const { property, value, from } of changes) {
      if (this.#context.clock.now() >= from) resource = withValue(resource, property, value);
    }
    return resource;
  }

  #hides(uri: string): boolean {
    return this.#links.parts.some((part) => part.hides?.(uri) ?? false);
  }
}

const valueOf = ({ value, from, pattern }: Setting, body: Resource): Json | undefined => {
  const given = from === undefined ? value : valueAt(body, from.startsWith("/") ? from : `/${from}`);
  if (pattern === undefined || given === undefined) return given;
  return new RegExp(pattern, "u").exec(shownText(given))?.[1];
};
