// What the requests of one slot share.
import type { Medium } from "../../../core/driver.ts";
import type { Knowledge } from "../knowledge.ts";
import type { LearntSlot } from "../memory.ts";
import type { Service } from "../service/service.ts";
import type { StepOptions, TemplateValues } from "../service/steps.ts";
import { pathsOf } from "./places.ts";
import type { Slots } from "./slots.ts";

export interface MediaParts {
  readonly service: Service;
  readonly knowledge: Knowledge;
  readonly slots: Slots;
}

/** Some BMCs download the whole image before they answer, at worst at this rate. */
const slowestBytesPerMs = 1000;

/** For requests that mount: a session that ends may take the medium with it. */
export const mountOptions = ({ quirks }: Service, sizeBytes = 0): StepOptions => ({
  timeoutMs: quirks.http.insertTimeoutMs + Math.ceil(sizeBytes / slowestBytesPerMs),
  ...(quirks.auth.mountAuth === "basic" ? { auth: "basic" as const } : {}),
});

/** `action` is where the slot itself says that its insert is sent. */
export const slotValues = ({ knowledge }: MediaParts, { id, path, insertTarget }: LearntSlot): TemplateValues => ({
  ...pathsOf(knowledge),
  slot: path,
  slotId: id,
  ...(insertTarget === undefined ? {} : { action: insertTarget }),
});

export const mediumValues = (parts: MediaParts, slot: LearntSlot, { url }: Medium): TemplateValues => {
  const { origin, host, pathname, protocol } = new URL(url);
  const scheme = protocol.slice(0, -1).toUpperCase();
  const end = pathname.lastIndexOf("/");
  const parted = { folder: pathname.slice(0, end), file: pathname.slice(end + 1) };
  return { ...slotValues(parts, slot), image: url, origin, host, path: pathname, ...parted, protocol: scheme };
};
