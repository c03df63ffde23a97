// Who may read what: a publication is for its BMC, others are let in, reported or sent away by policy and terms, and who guesses paths is
// slowed down. What is refused looks alike whether the path exists or not.
import type { Log } from "../../core/ports.ts";
import type { LivePublication } from "../publications/live.ts";
import type { Guesses } from "./guesses.ts";
import type { Reader, ReaderPolicy } from "./readers.ts";

export interface AdmissionObserver {
  /** Somebody else than the machine's BMC asked for its image. */
  onStranger?(stranger: { readonly attachmentId: string; readonly remote: string; readonly refused: boolean }): void;
  /** Somebody asked for a path that is not for him; `refused`: too many of them. */
  onGuess?(guess: { readonly remote: string; readonly refused: boolean }): void;
}

export interface AdmissionDeps {
  readonly readers: ReaderPolicy;
  readonly guesses: Guesses;
  readonly observer: AdmissionObserver;
  readonly log: Log;
}

export type Verdict = "admitted" | "unknown" | { readonly retryAfterS: number };

const mostStrangersLogged = 16;

/** Nobody is where the BMC's addresses are not known, nor is a proxy that does not tell for whom it asks. */
export const isStranger = ({ bmcAddresses }: LivePublication, { address }: Reader): boolean =>
  address !== undefined && bmcAddresses.size > 0 && !bmcAddresses.has(address);

/** A BMC is never kept from its own image, whatever others do at its address's neighbours. */
export const admit = (deps: AdmissionDeps, live: LivePublication | undefined, reader: Reader): Verdict => {
  const { guesses } = deps;
  if (live && reader.address !== undefined && live.bmcAddresses.has(reader.address)) return "admitted";
  // A proxy that does not tell for whom it asks would lock out all behind it.
  if (live && reader.address !== undefined && guesses.isOver(reader)) return tooMany(deps, reader);
  if (live && isMeantFor(deps, live, reader)) return "admitted";
  if (!guesses.take(reader)) return tooMany(deps, reader);
  deps.observer.onGuess?.({ remote: reader.remote, refused: false });
  return "unknown";
};

const tooMany = ({ guesses, observer }: AdmissionDeps, reader: Reader): Verdict => {
  observer.onGuess?.({ remote: reader.remote, refused: true });
  return { retryAfterS: guesses.refuse(reader) };
};

/** Whether somebody who is not known as its BMC gets it. */
const isMeantFor = ({ readers, observer, log }: AdmissionDeps, live: LivePublication, reader: Reader): boolean => {
  const { attachmentId, terms } = live.record;
  const onlyBmc = terms?.onlyBmc === true;
  if (!onlyBmc && (readers.policy === "off" || reader.address === undefined)) return true;
  const refused = onlyBmc || readers.policy === "enforce";
  observer.onStranger?.({ attachmentId, remote: reader.remote, refused });
  if (live.strangers.size < mostStrangersLogged && !live.strangers.has(reader.remote)) {
    live.strangers.add(reader.remote);
    log.warn({ attachmentId, remote: reader.remote, refused }, "an address that is not the BMC's asks for an image");
  }
  return !refused;
};
