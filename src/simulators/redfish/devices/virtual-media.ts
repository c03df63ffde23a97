// The VirtualMedia collection: InsertMedia and EjectMedia, or a PATCH instead of them (VirtualMedia schema, DSP0268).
import { RedfishFailure, type Reply } from "../http/messages.ts";
import type { Call, Handlers, Part, PartContext } from "../part.ts";
import type { Tasks } from "../tasks.ts";
import { isObject, type Json, type Resource } from "../tree.ts";
import { insertActionInfo, readInsertRequest } from "./insert-request.ts";
import { Loader } from "./loader.ts";
import { Slot } from "./slot.ts";
import { type SlotPlace, slotPlaces } from "./slot-places.ts";

export interface VirtualMediaContext extends PartContext {
  readonly tasks: Tasks;
  readonly sessionIsOpen: (id: string) => boolean;
  /** PEM of the CA that https image servers must chain to; without it any certificate will do. */
  readonly imageCa: string | undefined;
}

const insertSuffix = "/Actions/VirtualMedia.InsertMedia";
const ejectSuffix = "/Actions/VirtualMedia.EjectMedia";
const infoSuffix = "/InsertMediaActionInfo";

/** `uri` without `suffix`; undefined when it does not end in it. */
const before = (uri: string, suffix: string): string | undefined =>
  uri.endsWith(suffix) ? uri.slice(0, -suffix.length) : undefined;

const isEmptying = ({ Image: image, Inserted: inserted }: Resource): boolean =>
  image === null || image === "" || (image === undefined && inserted === false);

export class VirtualMedia implements Part {
  readonly loader: Loader;
  readonly #context: VirtualMediaContext;
  readonly #places: readonly SlotPlace[];
  readonly #slots: readonly Slot[];
  readonly #byUri: ReadonlyMap<string, Slot>;

  constructor(context: VirtualMediaContext) {
    const { tree, clock, personality } = context;
    this.#context = context;
    this.#places = slotPlaces(tree, personality.media.view);
    this.#slots = this.#places.map(
      ({ uris }) => new Slot(tree.get(uris[0] ?? "") ?? {}, uris, clock, personality.media),
    );
    this.#byUri = new Map(this.#slots.flatMap((slot) => slot.uris.map((uri) => [uri, slot] as const)));
    this.loader = new Loader(personality.media, context.imageCa);
  }

  /** As they are now. */
  get slots(): readonly Slot[] {
    this.#dropOrphans();
    return this.#slots;
  }

  /** Slots whose media the System at `uri` sees. */
  slotsOf(uri: string): readonly Slot[] {
    return this.#slots.filter((_slot, index) => this.#places[index]?.systems.includes(uri) ?? false);
  }

  /** What a restart of the BMC does. */
  dropAll(): void {
    for (const slot of this.#slots) slot.hold(undefined, 0);
  }

  resource(uri: string): Resource | undefined {
    this.#dropOrphans();
    const { tree } = this.#context;
    const described = before(uri, infoSuffix) ?? "";
    if (this.#media.actionInfo && this.#byUri.has(described)) return insertActionInfo(uri, this.#media);
    const slot = this.#byUri.get(uri);
    const base = tree.get(uri);
    return slot === undefined || base === undefined ? undefined : { ...slot.render(base), ...this.#actions(slot, uri) };
  }

  handlers(uri: string): Handlers | undefined {
    this.#dropOrphans();
    const { control } = this.#media;
    const patched = this.#byUri.get(uri);
    if (patched !== undefined) return control === "actions" ? {} : { PATCH: (call) => this.#patch(patched, call) };
    if (control === "patch") return undefined;
    const inserted = this.#byUri.get(before(uri, insertSuffix) ?? "");
    if (inserted !== undefined) return { POST: (call) => this.#insert(inserted, call) };
    const ejected = this.#byUri.get(before(uri, ejectSuffix) ?? "");
    return ejected === undefined ? undefined : { POST: (call) => this.#eject(ejected, call) };
  }

  get #media(): VirtualMediaContext["personality"]["media"] {
    return this.#context.personality.media;
  }

  /** Media whose session has ended, where media belong to sessions. */
  #dropOrphans(): void {
    if (!this.#media.ownedBySession) return;
    for (const slot of this.#slots) {
      const session = slot.held?.session;
      if (session !== undefined && !this.#context.sessionIsOpen(session)) slot.hold(undefined, 0);
    }
  }

  #actions(slot: Slot, uri: string): Resource {
    if (this.#media.control === "patch") return {};
    const info: Resource = this.#media.actionInfo ? { "@Redfish.ActionInfo": uri + infoSuffix } : {};
    const insert: Json = { "#VirtualMedia.InsertMedia": { target: uri + insertSuffix, ...info } };
    const eject: Json = { "#VirtualMedia.EjectMedia": { target: uri + ejectSuffix } };
    if (!this.#media.actionsFollowState) return { Actions: { ...insert, ...eject } };
    return { Actions: slot.shown === undefined ? insert : eject };
  }

  async #insert(slot: Slot, call: Call): Promise<Reply> {
    const request = readInsertRequest("action", call.body, this.#media);
    this.#refuseOccupied(slot);
    return this.#context.tasks.answer(this.#media.insertReply, () => this.loader.insert(slot, request, call.session));
  }

  async #eject(slot: Slot, call: Call): Promise<Reply> {
    if (this.#media.ejectBody === "object" && !isObject(call.body))
      throw new RedfishFailure(415, "UnrecognizedRequestBody");
    const unknown = Object.keys(isObject(call.body) ? call.body : {})[0];
    if (unknown !== undefined) {
      const related = { related: [`#/${unknown}`] };
      throw new RedfishFailure(400, "ActionParameterUnknown", ["VirtualMedia.EjectMedia", unknown], related);
    }
    if (slot.busy) throw new RedfishFailure(400, "ResourceInUse");
    if (slot.held === undefined && this.#media.ejectEmpty === "refused") throw new RedfishFailure(400, "NoOperation");
    return this.#context.tasks.answer(this.#media.ejectReply, async () => this.loader.eject(slot));
  }

  async #patch(slot: Slot, call: Call): Promise<Reply> {
    if (slot.busy) throw new RedfishFailure(400, "ResourceInUse");
    if (isObject(call.body) && isEmptying(call.body)) this.loader.eject(slot);
    else {
      const request = readInsertRequest("patch", call.body, this.#media);
      this.#refuseOccupied(slot);
      if (request.inserted) await this.loader.insert(slot, request, call.session);
    }
    const body = this.resource(call.uri);
    const silent = this.#context.personality.http.patchReply === "no-content" || body === undefined;
    return silent ? { status: 204 } : { status: 200, body };
  }

  #refuseOccupied(slot: Slot): void {
    const { maxInserted, occupied } = this.#media;
    const others = this.#slots.filter((other) => other.held !== undefined && other !== slot).length;
    const full = maxInserted > 0 && others >= maxInserted;
    if (slot.busy || full || (slot.held !== undefined && occupied === "refused")) {
      throw new RedfishFailure(400, "ResourceInUse");
    }
  }
}
