// The ComputerSystems of a service: PATCH of Boot (or of its Settings object) and ComputerSystem.Reset.
import { RedfishFailure } from "../http/failure.ts";
import type { Reply } from "../http/replies.ts";
import type { Slot } from "../media/slot.ts";
import type { Call, Handlers, Part, PartContext } from "../part.ts";
import { patchedReply } from "../patched.ts";
import type { Tasks } from "../tasks.ts";
import { isObject, membersOf, type Resource, textOf, urisOfType } from "../resources/tree.ts";
import { type BootRules, patchBoot } from "./boot.ts";
import { Host } from "./host.ts";
import { actionOf, readResetType, resetAction, resetHost, resetTypes } from "./reset.ts";
import { isHeld, settingsResource, settingsUri, shownBoot } from "./settings.ts";

/** Redfish's date-time, to the second. */
const lastReset = ({ lastResetAt }: Host): string | undefined =>
  lastResetAt === undefined ? undefined : new Date(lastResetAt).toISOString().replace(/\.\d+Z$/, "Z");

export interface HostsContext extends PartContext {
  readonly tasks: Tasks;
  readonly slotsOf: (systemUri: string) => readonly Slot[];
}

export class Hosts implements Part {
  /** By the System's URI; those that can be reset come first. */
  readonly byUri = new Map<string, Host>();
  readonly #context: HostsContext;
  /** URIs of Systems by the URI of their Settings object. */
  readonly #settings = new Map<string, string>();
  /** URIs of Systems by the target of their reset. */
  readonly #resets = new Map<string, string>();

  constructor(context: HostsContext) {
    const { tree, personality, slotsOf } = context;
    this.#context = context;
    const members = new Set(membersOf(tree, "/redfish/v1/Systems"));
    const uris = urisOfType(tree, "ComputerSystem").filter((uri) => members.has(uri));
    const canReset = (uri: string): boolean => actionOf(this.#base(uri), resetAction) !== undefined;
    for (const uri of [...uris.filter(canReset), ...uris.filter((uri) => !canReset(uri))]) {
      const system = this.#base(uri);
      const boot = isObject(system["Boot"]) ? system["Boot"] : {};
      this.byUri.set(uri, new Host(boot, system["PowerState"] === "On", { ...context, slots: slotsOf(uri) }));
      if (personality.boot.resource === "settings" && "Boot" in system)
        this.#settings.set(settingsUri(system, uri, personality.boot), uri);
      if (canReset(uri))
        this.#resets.set(textOf(actionOf(system, resetAction)?.["target"]) ?? `${uri}/Actions/${resetAction}`, uri);
    }
  }

  inPost(systems: readonly string[]): boolean {
    return systems.some((uri) => this.byUri.get(uri)?.inPost ?? false);
  }

  resource(uri: string): Resource | undefined {
    const host = this.byUri.get(uri);
    if (host !== undefined) return this.#renderSystem(uri, host);
    const system = this.#settings.get(uri);
    const owner = this.byUri.get(system ?? "");
    if (system === undefined || owner === undefined) return undefined;
    const type = this.#base(system)["@odata.type"] ?? "";
    const boot = { ...owner.boot, ...owner.pending };
    return settingsResource({ uri, type, base: this.#context.tree.get(uri), boot }, this.#rules);
  }

  readFailure(uri: string): RedfishFailure | undefined {
    if (this.byUri.get(uri)?.failsRead() !== true) return undefined;
    return new RedfishFailure(500, "InternalError", { condition: "transitioning" });
  }

  handlers(uri: string): Handlers | undefined {
    const patched = this.byUri.get(uri) ?? this.byUri.get(this.#settings.get(uri) ?? "");
    if (patched !== undefined) {
      return "Boot" in (this.resource(uri) ?? {}) ? { PATCH: async (call) => this.#patch(patched, call) } : {};
    }
    const system = this.#resets.get(uri);
    const reset = this.byUri.get(system ?? "");
    if (system === undefined || reset === undefined) return undefined;
    return { POST: (call) => this.#reset(reset, system, call) };
  }

  get #rules(): BootRules {
    return this.#context.personality.boot;
  }

  #base(uri: string): Resource {
    return this.#context.tree.get(uri) ?? {};
  }

  #renderSystem(uri: string, host: Host): Resource {
    const base = this.#base(uri);
    const advertised = this.#rules.settingsAdvertised && [...this.#settings.values()].includes(uri);
    const link = {
      "@odata.type": "#Settings.v1_4_0.Settings",
      SettingsObject: { "@odata.id": settingsUri(base, uri, this.#rules) },
    };
    return {
      ...base,
      ...(advertised ? { "@Redfish.Settings": link } : {}),
      PowerState: host.shownPower ?? null,
      ...("LastResetTime" in base ? { LastResetTime: lastReset(host) ?? base["LastResetTime"] ?? null } : {}),
      ...("Boot" in base ? { Boot: shownBoot(host.boot, this.#rules, "system") } : {}),
    };
  }

  #patch(host: Host, call: Call): Reply {
    const body = isObject(call.body) ? call.body : {};
    const now = this.resource(call.uri);
    for (const name of Object.keys(body)) {
      const related = { args: [name], related: [`#/${name}`] };
      if (now?.[name] === undefined) throw new RedfishFailure(400, "PropertyUnknown", related);
      if (name !== "Boot") throw new RedfishFailure(400, "PropertyNotWritable", related);
    }
    if (body["Boot"] === undefined) throw new RedfishFailure(400, "NoOperation");
    const { personality } = this.#context;
    const inPost = personality.power.postRefuses.includes("boot") && host.inPost;
    if (inPost || host.digestsMedium) throw new RedfishFailure(400, "ResourceInUse", { condition: "inPost" });
    this.#override(host, body["Boot"], this.#settings.has(call.uri));
    return patchedReply(this.#context, call.uri);
  }

  #override(host: Host, boot: Resource[string], inSettings: boolean): void {
    const rules = this.#rules;
    const base = { ...host.boot, ...(inSettings ? host.pending : {}) };
    const patched = patchBoot(base, boot, rules, (name) => isHeld(rules, name) === inSettings);
    if (inSettings && rules.settingsApply === "at-reset") host.pending = patched;
    else host.boot = patched;
  }

  async #reset(host: Host, system: string, call: Call): Promise<Reply> {
    const { tree, personality, tasks } = this.#context;
    const type = readResetType(call.body, resetTypes(tree, actionOf(this.#base(system), resetAction) ?? {}));
    resetHost(this.#context, host, type);
    return tasks.answer(personality.power.resetReply, async () => undefined);
  }
}
