// What the parts of a simulated service (sessions, tasks, virtual media, hosts, …) offer to its server.
import type { SimulatorClock } from "../clock.ts";
import type { RedfishFailure } from "./http/failure.ts";
import type { Reply } from "./http/replies.ts";
import type { Personality } from "./personality/index.ts";
import type { Json, Resource, Tree } from "./resources/tree.ts";
import type { World } from "./resources/world.ts";

/** One authenticated request. */
export interface Call {
  readonly method: string;
  /** Without trailing slash and query. */
  readonly uri: string;
  /** Parsed JSON body; undefined when there was none. */
  readonly body: Json | undefined;
  readonly remoteAddress: string;
  /** Id of the Redfish session the request was sent in. */
  readonly session?: string;
}

export type Handler = (call: Call) => Promise<Reply>;
export type Handlers = Readonly<Partial<Record<"POST" | "PATCH" | "DELETE", Handler>>>;

export interface Part {
  /** The resource as it is now, where this part knows more than the fixture; undefined leaves it to others. */
  resource(uri: string): Resource | undefined;
  /** What can be done at this URI beside reading. */
  handlers(uri: string): Handlers | undefined;
  /** True where the fixture's resource is not to be seen now. */
  hides?(uri: string): boolean;
  /** Why a GET of it fails now. */
  readFailure?(uri: string): RedfishFailure | undefined;
}

/** What every part is given. */
export interface PartContext {
  readonly tree: Tree;
  readonly personality: Personality;
  readonly clock: SimulatorClock;
  readonly world: World;
  /** Aborts when the simulator is closed. */
  readonly closed: AbortSignal;
}
