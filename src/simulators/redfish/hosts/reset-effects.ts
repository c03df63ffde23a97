// What each ResetType of ComputerSystem.Reset does to a host (Resource schema, ResetType).
import type { Host } from "./host.ts";

/** False when it changes nothing. */
type Effect = (host: Host, cause: string) => boolean;

const on: Effect = (host, cause) => {
  if (host.power !== "Off") return false;
  host.powerOn(cause);
  return true;
};

const off: Effect = (host, cause) => {
  if (host.power === "Off") return false;
  host.powerOff(cause);
  return true;
};

const restart: Effect = (host, cause) => {
  if (host.power === "Off") return false;
  host.restart(cause);
  return true;
};

export const resetEffects: Readonly<Record<string, Effect>> = {
  On: on,
  ForceOn: on,
  ForceOff: off,
  GracefulShutdown: off,
  ForceRestart: restart,
  GracefulRestart: restart,
  PowerCycle: (host, cause) => (host.power === "Off" ? on(host, cause) : restart(host, cause)),
  PushPowerButton: (host, cause) => (host.power === "Off" ? on(host, cause) : off(host, cause)),
  Nmi: () => true,
};
