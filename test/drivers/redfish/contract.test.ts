import { afterAll } from "vitest";
import { createHttpPool } from "../../../src/wire/pool.ts";
import { protocolContract } from "../../contract/protocol.ts";
import { simulatedRedfish } from "./simulated.ts";

const pool = createHttpPool();

afterAll(() => pool.close());

protocolContract("Redfish", simulatedRedfish(pool));
