// Looks at a slot until it shows what an accepted request promised: an answer alone proves nothing.
import type { SlotState } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import type { Service } from "../service/service.ts";
import type { Slots } from "./slots.ts";

export interface Awaited {
  readonly slotId: string;
  /** In words, for the error. */
  readonly what: string;
  readonly shows: (state: SlotState) => boolean;
}

/** A BMC that is busy with the change may fail to answer for a while. */
const isPassing = (error: unknown): error is MediabayError =>
  error instanceof MediabayError &&
  (error.code === "BMC_BUSY" ||
    error.code === "BMC_MALFORMED" ||
    error.code === "BMC_UNREACHABLE" ||
    error.code === "BMC_TIMEOUT" ||
    (error.context.status ?? 0) >= 500);

/** @throws MediabayError BMC_INCONSISTENT when it does not show within `verify.poll`, or what the last look failed with */
export const awaitState = async (
  service: Service,
  slots: Slots,
  { slotId, what, shows }: Awaited,
): Promise<SlotState> => {
  const { clock, signal } = service.context;
  const { intervalMs, timeoutMs } = service.quirks.verify.poll;
  const deadline = clock.monotonic() + timeoutMs;
  for (;;) {
    const looked = await look(slots, slotId);
    if ("state" in looked && shows(looked.state)) return looked.state;
    if (clock.monotonic() >= deadline)
      throw "state" in looked ? inconsistent(slotId, what, looked.state) : looked.error;
    await clock.sleep(intervalMs, signal);
  }
};

type Look = { readonly state: SlotState } | { readonly error: MediabayError };

const look = async (slots: Slots, slotId: string): Promise<Look> => {
  try {
    return { state: (await slots.read(slotId)).state };
  } catch (error) {
    if (isPassing(error)) return { error };
    throw error;
  }
};

const inconsistent = (slotId: string, what: string, state: SlotState): MediabayError =>
  new MediabayError("BMC_INCONSISTENT", `The BMC accepted the request, but slot ${slotId} does not show ${what}.`, {
    protocol: "redfish",
    slot: slotId,
    shown: state,
  });
