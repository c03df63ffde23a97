// Which fault hits which request: those that a test or a user switches on, and those that the product itself has.
import type { FaultKind, StandingFault } from "../personality/standing-faults.ts";

export type Fault = FaultKind & {
  readonly method?: string;
  /** The whole path, or a pattern; without it every path. */
  readonly path?: string | RegExp;
  /** How many requests are hit; 1 when absent, `Infinity` for all. */
  readonly count?: number;
  /** How many matching requests go by before. */
  readonly skip?: number;
};

interface Armed {
  readonly fault: Fault;
  skip: number;
  left: number;
  readonly untilBmcRestart: boolean;
}

const arm = (fault: Fault, left: number, untilBmcRestart = false): Armed => ({
  fault,
  skip: fault.skip ?? 0,
  left,
  untilBmcRestart,
});

const fromData = ({ fault, method, path, count, skip, untilBmcRestart }: StandingFault): Armed => {
  const where = {
    ...(method === undefined ? {} : { method }),
    ...(path === undefined ? {} : { path: new RegExp(path, "u") }),
    ...(skip === undefined ? {} : { skip }),
  };
  return arm({ ...fault, ...where }, count ?? Number.POSITIVE_INFINITY, untilBmcRestart);
};

const hits = ({ method, path }: Fault, askedMethod: string, askedPath: string): boolean =>
  (method === undefined || method === askedMethod) &&
  (path === undefined || (typeof path === "string" ? path === askedPath : path.test(askedPath)));

export class FaultList {
  #armed: Armed[] = [];
  #standing: readonly Armed[];

  constructor(standing: readonly StandingFault[] = []) {
    this.#standing = standing.map(fromData);
  }

  add(fault: Fault): void {
    this.#armed.push(arm(fault, fault.count ?? 1));
  }

  /** The product's own stay. */
  clear(): void {
    this.#armed = [];
  }

  bmcRestarted(): void {
    this.#standing = this.#standing.filter(({ untilBmcRestart }) => !untilBmcRestart);
  }

  /** The fault that hits this request; it is used up by being taken. */
  take(method: string, path: string): Fault | undefined {
    const hit = [...this.#armed, ...this.#standing].find((entry) => entry.left > 0 && hits(entry.fault, method, path));
    if (hit === undefined) return undefined;
    if (hit.skip > 0) {
      hit.skip -= 1;
      return undefined;
    }
    hit.left -= 1;
    return hit.fault;
  }
}
