// What random tests draw: the same trees, bodies and URIs in every CI run, so that a commit is judged and not the dice; others elsewhere.
// A failure prints its seed: `MEDIABAY_TEST_SEED=301398475 npm test -- test/configdrive/fat` draws the same again.
import * as fc from "fast-check";
import { peersAreRequired } from "./peers.ts";

const chosen = process.env["MEDIABAY_TEST_SEED"] ?? (peersAreRequired() ? "1" : undefined);
if (chosen !== undefined) fc.configureGlobal({ seed: Number(chosen) });
