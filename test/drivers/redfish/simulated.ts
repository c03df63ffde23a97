// The simulated BMC as a rig for the contract, and as a BMC to count requests on.
import { createRedfish } from "../../../src/drivers/redfish/index.ts";
import type { RedfishQuirks } from "../../../src/drivers/redfish/quirks.ts";
import { redfishQuirks } from "../../../src/drivers/redfish/quirks.ts";
import { type RedfishSimulator, startRedfishSimulator } from "../../../src/simulators/redfish/index.ts";
import { createHttpPool, type HttpPool } from "../../../src/wire/pool.ts";
import type { ProtocolUnderTest, Rig, RigOptions } from "../../contract/protocol.ts";
import { createHastyClock } from "../../tools/hasty-clock.ts";

const slotId = "Cd";
const slotUri = "/redfish/v1/Systems/1/VirtualMedia/Cd";

const lost = {
  insert: { method: "POST", path: `${slotUri}/Actions/VirtualMedia.InsertMedia` },
  eject: { method: "POST", path: `${slotUri}/Actions/VirtualMedia.EjectMedia` },
  boot: { method: "PATCH", path: "/redfish/v1/Systems/1" },
} as const;

/** An hour, far beyond any patience. */
const neverMs = 3_600_000;

const startSimulator = (options: RigOptions, clock: Rig["clock"]): Promise<RedfishSimulator> => {
  const delayMs = options.neverShows === true ? neverMs : (options.showDelayMs ?? 0);
  return startRedfishSimulator({
    clock,
    overrides: {
      media: { reader: "none", insertDelayMs: delayMs, ejectDelayMs: delayMs },
      boot: { once: options.onceBecomesContinuous === true ? "becomes-continuous" : "honoured" },
      auth: { basic: options.sessions !== true },
    },
  });
};

export const simulatedRedfish = (pool: HttpPool = createHttpPool()): ProtocolUnderTest<RedfishQuirks> => ({
  protocol: createRedfish({ http: pool }),
  quirks: () => redfishQuirks.defaults,
  start: async (options) => {
    const clock = createHastyClock();
    const simulator = await startSimulator(options, clock);
    const slot = () => simulator.slots().find(({ id }) => id === slotId);
    return {
      clock,
      slotId,
      endpoint: {
        protocol: "redfish",
        address: simulator.url,
        credentials: simulator.credentials,
        tls: { mode: "verify", level: "modern" },
      },
      medium: { url: "http://127.0.0.1:9/m/abcdefghijklmnopqrstuvwx/config.iso", mediaType: "CD", sizeBytes: 4096 },
      otherUrl: "http://192.0.2.7/rescue.iso",
      held: () => slot()?.image ?? undefined,
      effectiveInserts: () => simulator.effectiveInserts(),
      effectiveEjects: () => simulator.effectiveEjects(),
      insertByHand: (url) => simulator.insertByHand(slotId, url),
      openSessions: () => simulator.sessions(),
      loseReply: (of, carriedOut) =>
        simulator.setFault({ kind: "reset", when: carriedOut ? "after" : "before", ...lost[of] }),
      vanish: () => simulator.refuseConnections(),
      close: () => simulator.close(),
    };
  },
});
