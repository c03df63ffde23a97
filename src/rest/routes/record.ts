// /v1/record: what a BMC shows, as the files of a fixture without secrets. Reads only.
import type { Recording } from "../../core/ports.ts";
import { present } from "../present.ts";
import { toProblem } from "../problem.ts";
import { route } from "../route.ts";
import type { RawCall, Route, Services } from "../route.ts";
import { recording } from "../schemas/hardware.ts";
import { bmcErrors } from "../schemas/outcomes.ts";
import { probeBody } from "../schemas/requests.ts";

type Work = (onProgress: (read: number, left: number) => void) => Promise<Recording>;

const wantsEvents = (call: RawCall): boolean => call.request.accepts(["json", "text/event-stream"]) !== "json";

/** Server-sent events: `progress` after each read, then `recorded` or `problem`. What fails before the first read is a plain problem. */
const stream = async ({ request, response }: RawCall, { log, streams }: Services, work: Work): Promise<undefined> => {
  const leave = streams.enter();
  const write = (type: string, data: object): void => {
    if (!response.headersSent)
      response.status(200).set({ "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" });
    response.write(`event: ${type}\ndata: ${present(data)}\n\n`);
  };
  try {
    write("recorded", await work((read, left) => write("progress", { read, left })));
    response.end();
  } catch (error) {
    if (!response.headersSent) throw error;
    write("problem", toProblem(request, response, log, error).problem);
    response.end();
  } finally {
    leave();
  }
};

export const recordRoutes: readonly Route[] = [
  route({
    method: "post",
    path: "/v1/record",
    id: "record",
    tag: "hardware",
    summary: "Record a BMC",
    description:
      "Reads what it shows of virtual media, one resource after the other, and answers it as the files of a fixture: serial numbers, " +
      "addresses, names and secrets replaced. With `Accept: text/event-stream` the progress is told meanwhile, in events `progress` " +
      "with `{read, left}`, before `recorded` with the answer or `problem`.",
    access: "operator",
    body: probeBody,
    outcomes: [{ status: 200, description: "The files of a fixture.", schema: recording }],
    errors: ["MACHINE_NOT_FOUND", "CANCELLED", ...bmcErrors],
    handle: async (call, services) => {
      const { body, options, signal } = call;
      const work: Work = (onProgress) => services.gateway.record(body, { ...options, signal, onProgress });
      if (wantsEvents(call)) return stream(call, services, work);
      return { status: 200, body: await work(() => undefined) };
    },
  }),
];
