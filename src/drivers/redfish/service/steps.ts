// Carries out the steps of a profile (quirks/step.ts): requests that the standard has no word for.
import type { Json } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import type { PlannedRequest } from "../../../core/media.ts";
import type { Step } from "../quirks.ts";
import type { Resource } from "../schema.ts";
import { shows } from "../shows.ts";
import { patch, tagsOf } from "./conditional.ts";
import { isOk, type Reply } from "./message.ts";
import type { Service } from "./service.ts";
import { settle } from "./task.ts";

/** What the templates stand for, by name. */
export type TemplateValues = Readonly<Record<string, string>>;

/** A template without a value stays as it is. */
export const fillText = (text: string, values: TemplateValues): string =>
  text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);

export const fill = (value: Json, values: TemplateValues): Json => {
  if (typeof value === "string") return fillText(value, values);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Json) => fill(item, values));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [fillText(name, values), fill(item, values)]));
};

export interface StepOptions {
  /** Of each request; default `http.responseTimeoutMs`. */
  readonly timeoutMs?: number;
  readonly auth?: "basic";
}

/** @throws MediabayError for a step that is refused, or whose `poll` does not come true */
export const runSteps = async (
  service: Service,
  steps: readonly Step[],
  values: TemplateValues,
  options: StepOptions = {},
): Promise<void> => {
  const { clock, signal } = service.context;
  for (const step of steps) {
    if (!(await isDue(service, step, values))) continue;
    const reply = await request(service, step, values, options);
    if (!isOk(reply) && !step.okStatus.includes(reply.status)) throw service.refusal(reply);
    await settle(service, reply);
    if (step.waitMs > 0) await clock.sleep(step.waitMs, signal);
    if (step.poll !== undefined) await waitUntil(service, step.poll, values);
  }
};

/** What `runSteps` would send, judged by the present state. Reads only. */
export const pendingSteps = async (
  service: Service,
  steps: readonly Step[],
  values: TemplateValues,
): Promise<readonly PlannedRequest[]> => {
  const pending: PlannedRequest[] = [];
  for (const step of steps) {
    if (await isDue(service, step, values)) {
      pending.push({ method: step.method, path: fillText(step.path, values) });
    }
  }
  return pending;
};

const isDue = async (service: Service, { forSlot, when }: Step, values: TemplateValues): Promise<boolean> => {
  if (forSlot !== undefined && !new RegExp(forSlot, "iu").test(values["slotId"] ?? "")) return false;
  return when === undefined || isShown(service, when, values);
};

const request = (service: Service, step: Step, values: TemplateValues, options: StepOptions): Promise<Reply> => {
  const path = fillText(step.path, values);
  const body = step.body === undefined ? undefined : (fill(step.body, values) as Resource);
  if (step.method === "PATCH") return patch(service, path, body ?? {}, options);
  return service.send({ method: step.method, path, ...(body === undefined ? {} : { body }), ...options });
};

/** A resource that cannot be read shows nothing. */
const isShown = async (
  service: Service,
  { path, is }: NonNullable<Step["when"]>,
  values: TemplateValues,
): Promise<boolean> => {
  const filled = fillText(path, values);
  const reply = await service.send({ method: "GET", path: filled });
  if (!isOk(reply) || reply.body === undefined) return false;
  service.tags.set(filled, tagsOf(reply.body, reply));
  return shows(reply.body, is);
};

const waitUntil = async (service: Service, poll: NonNullable<Step["poll"]>, values: TemplateValues): Promise<void> => {
  const { clock, signal } = service.context;
  const deadline = clock.monotonic() + poll.timeoutMs;
  while (!(await isShown(service, poll, values))) {
    if (clock.monotonic() >= deadline) {
      throw new MediabayError("BMC_INCONSISTENT", `${fillText(poll.path, values)} does not show what it should.`, {
        protocol: "redfish",
        uri: fillText(poll.path, values),
      });
    }
    await clock.sleep(poll.intervalMs, signal);
  }
};
