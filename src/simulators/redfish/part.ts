// What the parts of a simulated service (sessions, tasks, virtual media, hosts) offer to its server.
import type { SimulatorClock } from "../clock.ts";
import type { Reply } from "./http/messages.ts";
import type { Personality } from "./personality.ts";
import type { Json, Resource, Tree } from "./tree.ts";

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
}

/** What every part is given. */
export interface PartContext {
  readonly tree: Tree;
  readonly personality: Personality;
  readonly clock: SimulatorClock;
}
