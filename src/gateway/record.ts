// What a BMC shows, as a fixture without secrets: reads only, in the machine's turn, under its profile's pace.
import type { Endpoint, Session } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { RecordOptions } from "../core/gateway.ts";
import type { Recorder, Recording } from "../core/ports.ts";
import { type Conversations, hostOf } from "./connect.ts";

type Progress = Pick<RecordOptions, "onProgress">;

export const recordMachine = (
  recorder: Recorder,
  conversations: Conversations,
  machineId: string,
  options: RecordOptions,
): Promise<Recording> =>
  conversations.converse(machineId, { signal: signalOf(options) }, ({ session, endpoint }) =>
    record(recorder, session, endpoint, options),
  );

export const recordEndpoint = (
  recorder: Recorder,
  conversations: Conversations,
  endpoint: Endpoint,
  options: RecordOptions,
): Promise<Recording> =>
  conversations.converseOnce(endpoint, signalOf(options), (session) => record(recorder, session, endpoint, options));

/** Hundreds of reads at a second each. */
const recordingMs = 900_000;

const signalOf = ({ signal }: RecordOptions): AbortSignal => {
  const late = new AbortController();
  const error = new MediabayError("BMC_TIMEOUT", "The BMC did not show all its resources in time.");
  setTimeout(() => late.abort(error), recordingMs).unref();
  return signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
};

const record = (
  recorder: Recorder,
  session: Session,
  { address, credentials }: Endpoint,
  { onProgress }: Progress,
): Promise<Recording> => {
  const { read, identity } = session;
  if (read === undefined) {
    const { protocol } = identity;
    throw new MediabayError("UNSUPPORTED_BY_BMC", `What speaks ${protocol} cannot be recorded.`, { protocol });
  }
  return recorder.record({
    read,
    identity,
    secrets: [
      hostOf(address).replaceAll(/[[\]]/gu, ""),
      ...(credentials === undefined ? [] : [credentials.username, credentials.password]),
    ],
    ...(onProgress === undefined ? {} : { onProgress }),
  });
};
