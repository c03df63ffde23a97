// mediabay probe MACHINE | --address ADDRESS
import type { Command } from "commander";
import type { ProbeReport } from "../../core/gateway.ts";
import { connect } from "../client.ts";
import type { Cli } from "../context.ts";
import { usage } from "../failure.ts";
import { addEndpointOptions, type EndpointOptions, readEndpoint } from "../input/endpoint.ts";
import { fields } from "../render.ts";
import { toProbe } from "../views.ts";

interface ProbeOptions extends EndpointOptions {
  readonly address?: string;
}

const reportText = ({ identity, profile, slots, boot, power, can, exchanges, warnings }: ProbeReport): string =>
  fields([
    ["protocol", `${identity.protocol} ${identity.protocolVersion ?? ""}`.trim()],
    ["vendor", identity.vendor],
    ["product", identity.product],
    ["bmc", [identity.managerModel, identity.firmwareVersion].filter((part) => part !== undefined).join(" ")],
    ["system", [identity.systemManufacturer, identity.systemModel].filter((part) => part !== undefined).join(" ")],
    ["serial number", identity.serialNumber],
    ["uuid", identity.uuid],
    ["profile", profile.id],
    ...profile.why.map((reason) => ["", reason] as const),
    ["media", can.media],
    ...slots.map(({ id, mediaTypes, urlCapable, state }) => {
      const holds = state?.inserted === true ? `holds ${state.image ?? state.imageName ?? "a medium"}` : "empty";
      return ["", `${id}: ${mediaTypes.join(" ")}, ${urlCapable ? "by URL" : "not by URL"}, ${holds}`] as const;
    }),
    [
      "boot",
      boot === undefined ? can.boot : `${boot.override.target} ${boot.override.enabled}; ${boot.targets.join(" ")}`,
    ],
    ["power", power === undefined ? can.power : `${power.state}; ${power.resetTypes.join(" ")}`],
    ["requests", exchanges],
    ...warnings.map((warning) => ["warning", warning] as const),
  ]);

export const define = (command: Command, cli: Cli): void => {
  command
    .argument("[machine]", "name or id of a registered machine")
    .option("--address <address>", "a BMC that is not registered");
  addEndpointOptions(command).action(async (machine: string | undefined, options: ProbeOptions) => {
    const { address, ...endpointOptions } = options;
    if ((machine === undefined) === (address === undefined)) {
      throw usage("Either a machine or --address is needed.");
    }
    const endpoint = await readEndpoint(cli, endpointOptions);
    if (address === undefined && Object.keys(endpoint).length > 0) {
      throw usage("A registered machine is probed with its own endpoint.", "Use --address with these options.");
    }
    const body = address === undefined ? { machine } : { endpoint: { ...endpoint, address } };
    const report = toProbe(await (await connect(cli)).call("POST", "/v1/probe", { body }));
    await cli.show(report, reportText(report));
  });
};
