// mediabay probe MACHINE|URL
import type { Command } from "commander";
import { connect } from "../client.ts";
import type { Cli } from "../context.ts";
import { usage } from "../failure.ts";
import { addEndpointOptions, type EndpointOptions, readEndpoint } from "../input/endpoint.ts";
import { toProbe } from "../views.ts";
import { probeText } from "./probe-text.ts";

interface ProbeOptions extends EndpointOptions {
  readonly address?: string;
}

const isUrl = (text: string): boolean => text.includes("://");

/** No machine's name looks like a URL; a bare host is told from one by its option. */
const addressOf = (target: string | undefined, address: string | undefined): string | undefined => {
  if ((target === undefined) === (address === undefined)) {
    throw usage("Either a machine, a URL or --address is needed.");
  }
  return target !== undefined && isUrl(target) ? target : address;
};

export const define = (command: Command, cli: Cli): void => {
  command
    .argument("[target]", "name or id of a registered machine, or the URL of any BMC")
    .option("--address <address>", "a BMC that is not registered, by its host or URL");
  addEndpointOptions(command).action(async (target: string | undefined, options: ProbeOptions) => {
    const { address: given, ...endpointOptions } = options;
    const address = addressOf(target, given);
    const endpoint = await readEndpoint(cli, endpointOptions);
    if (address === undefined && Object.keys(endpoint).length > 0) {
      throw usage(
        "A registered machine is probed with its own endpoint.",
        "Use a URL or --address with these options.",
      );
    }
    const body = address === undefined ? { machine: target } : { endpoint: { ...endpoint, address } };
    const report = toProbe(await (await connect(cli)).call("POST", "/v1/probe", { body }));
    await cli.show(report, probeText(report));
  });
};
