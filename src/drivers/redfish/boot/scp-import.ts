// The override by importing a piece of configuration through an OEM action of the manager: for BMCs whose Boot object cannot name the
// virtual drive. What is imported is the profile's data.
import type { BootOverride, Json } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import { actionOf } from "../errors.ts";
import type { Knowledge } from "../knowledge.ts";
import { forbidden } from "../recovery.ts";
import { isResource, managerResource, pathOf } from "../schema.ts";
import { isOk } from "../service/message.ts";
import type { Service } from "../service/service.ts";
import { fill } from "../service/steps.ts";
import { settle } from "../service/task.ts";
import { readAttributes, wordsFor } from "./attributes.ts";
import type { OverrideStore } from "./override.ts";

type Data = Readonly<Record<string, Json>>;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");

/** Some take white space between tags for content. */
const compact = (value: Json): Json => {
  if (typeof value === "string") return value.replaceAll(/>\s+</g, "><").trim();
  if (Array.isArray(value)) return value.map((item: Json) => compact(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, compact(item)]));
};

export const createImportStore = (service: Service, knowledge: Knowledge, fallback: OverrideStore): OverrideStore => {
  const { attributes } = service.quirks.boot;
  return {
    shows: attributes !== undefined,
    targets: () => Promise.resolve([]),
    read: () => (attributes === undefined ? fallback.read() : readAttributes(service, knowledge, attributes)),
    write: (wanted) => importOverride(service, knowledge, wanted),
  };
};

const importOverride = async (service: Service, knowledge: Knowledge, wanted: BootOverride): Promise<void> => {
  const { scpImport: recipe, ...boot } = service.quirks.boot;
  if (recipe === undefined)
    throw new MediabayError("INTERNAL", "The boot recipe has no data.", { protocol: "redfish" });
  const words = wordsFor(wanted, boot);
  const body = compact(fill(recipe.body, { target: escaped(words.target), enabled: escaped(words.enabled) })) as Data;
  const target = await actionTarget(service, knowledge, recipe.action);
  const pending = await untilFree(service, target, body);
  if (pending === undefined) return;
  if (recipe.reboot === undefined) throw pending;
  if (service.context.allow?.has("scpReboot") !== true) throw forbidden(pending, "scpReboot");
  await submit(service, target, { ...body, ...recipe.reboot });
};

/** Answers the last refusal where the BMC's other work never ended. */
const untilFree = async (service: Service, target: string, body: Data): Promise<MediabayError | undefined> => {
  const { times = 0, delayMs = 0, on = [] } = service.quirks.boot.scpImport?.pending ?? {};
  for (let tried = 0; ; tried += 1) {
    try {
      await submit(service, target, body);
      return undefined;
    } catch (error) {
      if (!(error instanceof MediabayError)) throw error;
      const isPending = actionOf(error) === "retry" || on.includes(error.context.status ?? 0);
      if (!isPending) throw error;
      if (tried >= times) return error;
    }
    await service.context.clock.sleep(delayMs, service.context.signal);
  }
};

const submit = async (service: Service, path: string, body: Data): Promise<void> => {
  const reply = await service.send({ method: "POST", path, body });
  if (!isOk(reply)) throw service.refusal(reply);
  await settle(service, reply);
};

/** Its name has a different prefix in each generation. */
const actionTarget = async (service: Service, { learnt }: Knowledge, name: string): Promise<string> => {
  for (const path of learnt.managerPaths) {
    const { Actions } = managerResource.parse((await service.get(path)).body);
    for (const [action, value] of Object.entries(Actions.Oem)) {
      const target = isResource(value) ? value["target"] : undefined;
      const found = typeof target === "string" ? pathOf(target) : undefined;
      if (action.endsWith(name) && found !== undefined) return found;
    }
  }
  throw new MediabayError("UNSUPPORTED_BY_BMC", `This BMC has no action ${name}.`, { protocol: "redfish" });
};
