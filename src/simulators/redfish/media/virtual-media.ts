// The VirtualMedia collection: InsertMedia and EjectMedia, or a PATCH instead of them (VirtualMedia schema, DSP0268).
import { RedfishFailure } from "../http/failure.ts";
import type { Reply } from "../http/replies.ts";
import type { Call, Handlers, Part, PartContext } from "../part.ts";
import { patchedReply } from "../patched.ts";
import type { Tasks } from "../tasks.ts";
import { isObject, linkOf, type Resource } from "../resources/tree.ts";
import { infoSuffix, insertActionInfo, slotActions } from "./action-info.ts";
import { admitEject, admitMedium, admitRequest } from "./admission.ts";
import { certificateHandlers, certificatesAt, certificatesSuffix } from "./certificates.ts";
import { type InsertRequest, readInsertRequest } from "./insert-request.ts";
import { Loader } from "./loader.ts";
import { unknownName } from "./refusals.ts";
import { Slot } from "./slot.ts";
import { slotResource } from "./slot-resource.ts";
import type { SlotPlace } from "./slot-places.ts";
import { type MediaRules, type SlotRules, slotRules } from "./slot-rules.ts";

export interface VirtualMediaContext extends PartContext {
  readonly places: readonly SlotPlace[];
  readonly tasks: Tasks;
  readonly sessionIsOpen: (id: string) => boolean;
  /** PEM of the CA that https image servers must chain to. */
  readonly imageCa: string | undefined;
}

/** `uri` without `suffix`; undefined when it does not end in it. */
const before = (uri: string, suffix: string): string | undefined =>
  uri.endsWith(suffix) ? uri.slice(0, -suffix.length) : undefined;

const collectionOf = (slotUri: string): string => slotUri.slice(0, slotUri.lastIndexOf("/"));

const isEmptying = ({ Image: image, Inserted: inserted }: Resource): boolean =>
  image === null || image === "" || (image === undefined && inserted === false);

export class VirtualMedia implements Part {
  readonly loader: Loader;
  readonly #context: VirtualMediaContext;
  readonly #slots: readonly Slot[];
  readonly #byUri: ReadonlyMap<string, Slot>;
  readonly #collections: ReadonlySet<string>;

  constructor(context: VirtualMediaContext) {
    const { tree, clock, closed, imageCa, world, personality } = context;
    const { media } = personality;
    this.#context = context;
    this.#slots = context.places.map(({ uris, systems }) => {
      const bases = uris.map((uri) => tree.get(uri) ?? {});
      const mediaTypes = uris.map((uri) => slotRules(media, uri).is).find((is) => is !== undefined);
      return new Slot({ bases, uris, systems, mediaTypes, clock, idleUnmountMs: media.idleUnmountMs });
    });
    this.#byUri = new Map(this.#slots.flatMap((slot) => slot.uris.map((uri) => [uri, slot] as const)));
    this.#collections = new Set([...this.#byUri.keys()].map(collectionOf));
    const verifies = (slot: Slot): boolean => world.read(slot.uris[0] ?? "", "/VerifyCertificate") === true;
    this.loader = new Loader({ media, clock, closed, imageCa, verifies });
  }

  /** As they are now. */
  get slots(): readonly Slot[] {
    this.#dropOrphans();
    return this.#slots;
  }

  /** The device at `uri`. */
  slotAt(uri: string): Slot | undefined {
    this.#dropOrphans();
    return this.#byUri.get(uri);
  }

  /** Slots whose media the System at `uri` sees. */
  slotsOf(uri: string): readonly Slot[] {
    return this.#slots.filter(({ systems }) => systems.includes(uri));
  }

  /** What a restart of the BMC does. */
  dropAll(): void {
    for (const slot of this.#slots) slot.hold(undefined, 0);
  }

  hides(uri: string): boolean {
    if (!this.#byUri.has(uri)) return false;
    return !slotRules(this.#media, uri).readable || this.#context.world.isShut("no-members", uri);
  }

  resource(uri: string): Resource | undefined {
    this.#dropOrphans();
    if (this.#collections.has(uri)) return this.#collection(uri);
    const described = before(uri, infoSuffix) ?? "";
    if (this.#media.actionInfo && this.#byUri.has(described))
      return insertActionInfo(uri, this.#media, this.#rules(described));
    const certificates = this.#certificatesAt(uri);
    if (certificates !== undefined) return certificatesAt(certificates.slot, certificates.uri, certificates.id);
    const slot = this.#byUri.get(uri);
    return slot === undefined || this.hides(uri) ? undefined : this.#render(slot, uri);
  }

  handlers(uri: string): Handlers | undefined {
    this.#dropOrphans();
    const certificates = this.#certificatesAt(uri);
    if (certificates !== undefined)
      return certificateHandlers(certificates.slot, certificates.id, this.#media.certificateLimit);
    const patched = this.#byUri.get(uri);
    if (patched !== undefined) return this.#patchHandlers(patched, uri);
    const { insertTarget, ejectTarget } = this.#media;
    for (const [target, run] of [
      [before(uri, insertTarget), (slot: Slot, call: Call, at: string) => this.#insert(slot, call, at)],
      [before(uri, ejectTarget), (slot: Slot, call: Call) => this.#eject(slot, call)],
    ] as const) {
      const slot = this.#byUri.get(target ?? "");
      if (slot === undefined || target === undefined || this.hides(target)) continue;
      const { control } = this.#rules(target);
      return control === "actions" || control === "both" ? { POST: (call) => run(slot, call, target) } : undefined;
    }
    return undefined;
  }

  /** An insert that came another way than by the slot's own actions. @throws RedfishFailure */
  async insertOem(slot: Slot, request: InsertRequest, session: string | undefined): Promise<void> {
    admitMedium(this.#context, slot, this.#slots);
    await this.loader.insert(slot, request, session);
  }

  /** @throws RedfishFailure */
  ejectOem(slot: Slot): void {
    admitEject(this.#context, slot);
    this.loader.eject(slot);
  }

  get #media(): MediaRules {
    return this.#context.personality.media;
  }

  #rules(uri: string): SlotRules {
    return slotRules(this.#media, uri);
  }

  /** Media whose session has ended, where media belong to sessions. */
  #dropOrphans(): void {
    if (!this.#media.ownedBySession) return;
    for (const slot of this.#slots) {
      const session = slot.held?.session;
      if (session !== undefined && !this.#context.sessionIsOpen(session)) slot.hold(undefined, 0);
    }
  }

  /** Undefined leaves it as the fixture has it. */
  #collection(uri: string): Resource | undefined {
    const base = this.#context.tree.get(uri);
    const listed = base?.["Members"];
    if (!Array.isArray(listed)) return undefined;
    const isShut = (place: string): boolean => this.#context.world.isShut("no-members", place);
    const members = listed.filter((member) => !isShut(uri) && !isShut(linkOf(member) ?? ""));
    return members.length === listed.length
      ? undefined
      : { ...base, "Members@odata.count": members.length, Members: members };
  }

  #render(slot: Slot, uri: string): Resource {
    const { world } = this.#context;
    const base = this.#context.tree.get(uri) ?? {};
    const rules = this.#rules(uri);
    const { Actions: _own, ...shown } = slotResource(
      slot,
      base,
      this.#media,
      rules.hidden,
      !world.isShut("not-shown", uri),
    );
    const link = this.#media.certificateLimit > 0 ? { Certificates: { "@odata.id": uri + certificatesSuffix } } : {};
    const actions = world.isShut("no-actions", uri)
      ? {}
      : slotActions(uri, base, slot.shown !== undefined, this.#media, rules);
    return { ...shown, ...link, ...actions };
  }

  #certificatesAt(uri: string): { slot: Slot; uri: string; id: number | undefined } | undefined {
    if (this.#media.certificateLimit === 0) return undefined;
    const match = /^(?<owner>.+)\/Certificates(?:\/(?<id>\d+))?$/u.exec(uri)?.groups;
    const owner = match?.["owner"] ?? "";
    const slot = this.#byUri.get(owner);
    const id = match?.["id"];
    return slot && { slot, uri: owner + certificatesSuffix, id: id === undefined ? undefined : Number(id) };
  }

  #patchHandlers(slot: Slot, uri: string): Handlers | undefined {
    if (this.hides(uri)) return undefined;
    const { control } = this.#rules(uri);
    return control === "patch" || control === "both" ? { PATCH: (call) => this.#patch(slot, call) } : {};
  }

  async #insert(slot: Slot, call: Call, uri: string): Promise<Reply> {
    const { tasks } = this.#context;
    admitRequest(this.#context, slot, uri);
    const request = readInsertRequest("action", call.body, this.#media, this.#rules(uri));
    admitMedium(this.#context, slot, this.#slots);
    const attaches = request.inserted || !this.#media.needsInserted;
    return tasks.answer(this.#media.insertReply, async () => {
      if (attaches) await this.loader.insert(slot, request, call.session);
    });
  }

  async #eject(slot: Slot, call: Call): Promise<Reply> {
    const { ejectBody, ejectReply, ejectAnswersDetaching } = this.#media;
    if (ejectBody === "object" && !isObject(call.body))
      throw new RedfishFailure(415, "UnrecognizedRequestBody", { condition: "bodyMissing" });
    const unknown = Object.keys(isObject(call.body) ? call.body : {})[0];
    if (unknown !== undefined) throw unknownName("action", unknown, "VirtualMedia.EjectMedia");
    admitEject(this.#context, slot);
    const works = slot.held !== undefined;
    const reply = await this.#context.tasks.answer(ejectReply, async () => this.loader.eject(slot));
    if (works && ejectAnswersDetaching) throw new RedfishFailure(500, "InternalError", { condition: "detaching" });
    return reply;
  }

  async #patch(slot: Slot, call: Call): Promise<Reply> {
    if (isObject(call.body) && isEmptying(call.body)) {
      admitEject(this.#context, slot);
      this.loader.eject(slot);
    } else {
      admitRequest(this.#context, slot, call.uri);
      const request = readInsertRequest("patch", call.body, this.#media, this.#rules(call.uri));
      admitMedium(this.#context, slot, this.#slots);
      if (request.inserted) await this.loader.insert(slot, request, call.session);
    }
    return patchedReply(this.#context, call.uri);
  }
}
