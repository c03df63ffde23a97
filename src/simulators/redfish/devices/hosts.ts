// The ComputerSystems of a service: PATCH of Boot (or of its Settings object) and ComputerSystem.Reset.
import { RedfishFailure, type Reply } from "../http/messages.ts";
import type { Call, Handlers, Part, PartContext } from "../part.ts";
import { isObject, linkOf, membersOf, type Resource, type Tree, textOf, textsOf, urisOfType } from "../tree.ts";
import { patchBoot } from "./boot.ts";
import { Host } from "./host.ts";
import { resetEffects } from "./reset-effects.ts";
import type { Slot } from "./slot.ts";

const resetAction = "ComputerSystem.Reset";

const resetOf = (system: Resource): Resource | undefined => {
  const actions = system["Actions"];
  const action = isObject(actions) ? actions[`#${resetAction}`] : undefined;
  return isObject(action) ? action : undefined;
};

/** From the action itself, or from its ActionInfo; everything we can do when neither says. */
const resetTypes = (tree: Tree, action: Resource): readonly string[] => {
  const listed = action["ResetType@Redfish.AllowableValues"];
  if (listed !== undefined) return textsOf(listed);
  const info = tree.get(textOf(action["@Redfish.ActionInfo"]) ?? "")?.["Parameters"];
  const isType = (item: unknown): boolean =>
    typeof item === "object" && item !== null && "Name" in item && item.Name === "ResetType";
  const parameter = Array.isArray(info) ? info.find(isType) : undefined;
  return isObject(parameter) ? textsOf(parameter["AllowableValues"]) : Object.keys(resetEffects);
};

/** URI of the Settings object of the System at `uri`: the fixture's, or `/Settings` below it. */
const settingsUri = (system: Resource, uri: string): string => {
  const settings = system["@Redfish.Settings"];
  return (isObject(settings) ? linkOf(settings["SettingsObject"]) : undefined) ?? `${uri}/Settings`;
};

export class Hosts implements Part {
  /** By the System's URI; those that can be reset come first. */
  readonly byUri = new Map<string, Host>();
  readonly #context: PartContext;
  /** URIs of Systems by the URI of their Settings object. */
  readonly #settings = new Map<string, string>();
  /** URIs of Systems by the target of their reset. */
  readonly #resets = new Map<string, string>();

  constructor(context: PartContext, slotsOf: (systemUri: string) => readonly Slot[]) {
    const { tree, personality, clock } = context;
    this.#context = context;
    const members = new Set(membersOf(tree, "/redfish/v1/Systems"));
    const uris = urisOfType(tree, "ComputerSystem").filter((uri) => members.has(uri));
    const canReset = (uri: string): boolean => resetOf(this.#base(uri)) !== undefined;
    for (const uri of [...uris.filter(canReset), ...uris.filter((uri) => !canReset(uri))]) {
      const system = this.#base(uri);
      const boot = isObject(system["Boot"]) ? system["Boot"] : {};
      this.byUri.set(uri, new Host(boot, system["PowerState"] === "On", { clock, personality, slots: slotsOf(uri) }));
      if (personality.boot.resource === "settings") this.#settings.set(settingsUri(system, uri), uri);
      if (canReset(uri)) this.#resets.set(textOf(resetOf(system)?.["target"]) ?? `${uri}/Actions/${resetAction}`, uri);
    }
  }

  resource(uri: string): Resource | undefined {
    const host = this.byUri.get(uri);
    if (host !== undefined) return this.#renderSystem(uri, host);
    const system = this.#settings.get(uri);
    const owner = this.byUri.get(system ?? "");
    return system === undefined || owner === undefined ? undefined : this.#renderSettings(uri, system, owner);
  }

  handlers(uri: string): Handlers | undefined {
    const patched = this.byUri.get(uri) ?? this.byUri.get(this.#settings.get(uri) ?? "");
    if (patched !== undefined) {
      return "Boot" in (this.resource(uri) ?? {}) ? { PATCH: async (call) => this.#patch(patched, call) } : {};
    }
    const system = this.#resets.get(uri);
    const reset = this.byUri.get(system ?? "");
    if (system === undefined || reset === undefined) return undefined;
    return {
      POST: async (call) => this.#reset(reset, resetTypes(this.#context.tree, resetOf(this.#base(system)) ?? {}), call),
    };
  }

  #base(uri: string): Resource {
    return this.#context.tree.get(uri) ?? {};
  }

  #renderSystem(uri: string, host: Host): Resource {
    const base = this.#base(uri);
    const link = {
      "@odata.type": "#Settings.v1_4_0.Settings",
      SettingsObject: { "@odata.id": settingsUri(base, uri) },
    };
    return {
      ...base,
      ...(this.#settings.size > 0 ? { "@Redfish.Settings": link } : {}),
      PowerState: host.power,
      ...("Boot" in base ? { Boot: host.boot } : {}),
    };
  }

  #renderSettings(uri: string, systemUri: string, host: Host): Resource {
    return {
      "@odata.id": uri,
      "@odata.type": this.#base(systemUri)["@odata.type"] ?? "",
      Id: "Settings",
      Name: "Pending settings",
      Boot: { ...host.boot, ...host.pending },
    };
  }

  #patch(host: Host, call: Call): Reply {
    const body = isObject(call.body) ? call.body : {};
    const settings = this.#settings.has(call.uri);
    for (const name of Object.keys(body)) {
      const related = { related: [`#/${name}`] };
      if (this.resource(call.uri)?.[name] === undefined)
        throw new RedfishFailure(400, "PropertyUnknown", [name], related);
      const writable = name === "Boot" && (settings || this.#settings.size === 0);
      if (!writable) throw new RedfishFailure(400, "PropertyNotWritable", [name], related);
    }
    if (body["Boot"] === undefined) throw new RedfishFailure(400, "NoOperation");
    const { personality } = this.#context;
    const patched = patchBoot({ ...host.boot, ...(settings ? host.pending : {}) }, body["Boot"], personality.boot);
    if (settings) host.pending = patched;
    else host.boot = patched;
    const now = this.resource(call.uri);
    return personality.http.patchReply === "no-content" || now === undefined
      ? { status: 204 }
      : { status: 200, body: now };
  }

  #reset(host: Host, allowed: readonly string[], call: Call): Reply {
    const type = isObject(call.body) ? call.body["ResetType"] : undefined;
    const related = { related: ["#/ResetType"] };
    if (type === undefined)
      throw new RedfishFailure(400, "ActionParameterMissing", [resetAction, "ResetType"], related);
    if (typeof type !== "string") {
      const args = [JSON.stringify(type), "ResetType", resetAction];
      throw new RedfishFailure(400, "ActionParameterValueTypeError", args, related);
    }
    if (!allowed.includes(type)) {
      throw new RedfishFailure(400, "ActionParameterValueNotInList", [type, "ResetType", resetAction], related);
    }
    const changes = resetEffects[type]?.(host, type) ?? true;
    if (!changes && this.#context.personality.power.redundant === "refused") {
      throw new RedfishFailure(409, "ActionParameterValueConflict", ["ResetType", type], related);
    }
    return { status: 204 };
  }
}
