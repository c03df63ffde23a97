// What a BMC has beside the standard: writable properties, actions and their jobs, each from the personality's data.
import { RedfishFailure } from "../http/failure.ts";
import { type Reply, saidBody } from "../http/replies.ts";
import { readableUrl } from "../media/image-url.ts";
import { slotRules } from "../media/slot-rules.ts";
import type { VirtualMedia } from "../media/virtual-media.ts";
import type { Call, Handlers, Part, PartContext } from "../part.ts";
import { patchedReply } from "../patched.ts";
import type { OemAction } from "../personality/oem.ts";
import type { Tasks } from "../tasks.ts";
import { isObject, plainUri, type Resource } from "../resources/tree.ts";
import { checkAction, chosenAction, oemInsertRequest } from "./action.ts";
import { Jobs } from "./jobs.ts";
import { split, writableRules, write } from "./writable.ts";

export interface OemContext extends PartContext {
  readonly media: VirtualMedia;
  readonly tasks: Tasks;
}

export class Oem implements Part {
  readonly #context: OemContext;
  readonly #jobs: Jobs;

  constructor(context: OemContext) {
    this.#context = context;
    this.#jobs = new Jobs(context.clock);
  }

  resource(uri: string): Resource | undefined {
    this.#jobs.settle();
    return this.#jobs.resource(uri);
  }

  handlers(): undefined {
    return undefined;
  }

  /** The standard handlers of `uri` with what is beside them. */
  extended(uri: string, standard: Handlers | undefined): Handlers | undefined {
    const { personality, world } = this.#context;
    const { oem } = personality;
    const actions = oem.actions.filter(({ at }) => plainUri(at) === uri);
    const there = oem.writable.length > 0 && world.find(uri) !== undefined;
    const rules = there ? writableRules(oem.writable, uri) : [];
    if (actions.length === 0 && rules.length === 0) return standard;
    const patch = rules.length === 0 ? standard?.PATCH : (call: Call) => this.#patch(call, standard?.PATCH);
    const own = (method: OemAction["method"]): Handlers => {
      const those = actions.filter((action) => action.method === method);
      const others = method === "PATCH" ? patch : standard?.POST;
      if (those.length === 0) return others === undefined ? {} : { [method]: others };
      return { [method]: (call: Call) => this.#actOr(those, call, others) };
    };
    return { ...standard, ...own("POST"), ...own("PATCH") };
  }

  /** A body that no OEM action means is for the standard's handler, where there is one. */
  async #actOr(actions: readonly OemAction[], call: Call, others: Handlers["POST"]): Promise<Reply> {
    const body = isObject(call.body) ? call.body : {};
    const names = actions.flatMap(({ match, required }) => [...Object.keys(match), ...required]);
    const means = names.some((name) => (name.split("/").find((part) => part !== "") ?? "") in body);
    if (others !== undefined && !means) return others(call);
    return this.#act(chosenAction(actions, body), body, call);
  }

  async #act(action: OemAction, body: Resource, call: Call): Promise<Reply> {
    const { world, tasks } = this.#context;
    this.#jobs.settle();
    checkAction(action, body, world);
    if (action.job !== undefined) return this.#job(action.job, action, body);
    const work = this.#mediaWork(action, body, call.session);
    const reply = await tasks.answer(action.reply, async () => {
      await work?.();
      world.apply(action.set, body, action.delayMs);
    });
    const { says } = action;
    return action.reply === "message" && says !== undefined ? { ...reply, body: saidBody(says) } : reply;
  }

  /** Undefined when the action touches no medium. @throws RedfishFailure when its slot does not take it */
  #mediaWork(
    { media: effect }: OemAction,
    body: Resource,
    session: string | undefined,
  ): (() => Promise<void>) | undefined {
    if (effect === undefined) return undefined;
    const { media, personality, world } = this.#context;
    const uri = plainUri(effect.slot);
    const slot = media.slotAt(uri);
    if (slot === undefined)
      throw new RedfishFailure(404, "ResourceMissingAtURI", { args: [uri], condition: "notFound" });
    if (effect.does === "eject") return async () => media.ejectOem(slot);
    const request = oemInsertRequest(effect, body, world);
    const given = { image: request.image, protocol: undefined };
    const url = readableUrl("action", given, personality.media, slotRules(personality.media, uri));
    return () => media.insertOem(slot, { ...request, url }, session);
  }

  #job(rules: NonNullable<OemAction["job"]>, action: OemAction, body: Resource): Reply {
    const { whileRunning } = rules;
    if (whileRunning !== undefined && this.#jobs.running(rules))
      throw new RedfishFailure(whileRunning.status ?? 400, "ResourceInUse", { reply: whileRunning });
    const uri = this.#jobs.start(rules, () => this.#context.world.apply(action.set, body));
    return { status: 202, headers: { Location: uri } };
  }

  async #patch(call: Call, standard: Handlers["PATCH"]): Promise<Reply> {
    const body = isObject(call.body) ? call.body : {};
    const parts = split(writableRules(this.#context.personality.oem.writable, call.uri), body);
    const rest = Object.keys(parts.rest);
    if (rest.length > 0 && standard === undefined) {
      const details = { args: [rest[0] ?? ""], related: [`#/${rest[0] ?? ""}`] };
      throw new RedfishFailure(400, "PropertyNotWritable", details);
    }
    write(this.#context, call.uri, parts);
    if (rest.length > 0 && standard !== undefined) return standard({ ...call, body: parts.rest });
    return patchedReply(this.#context, call.uri);
  }
}
