// Jobs that OEM actions start: resources that tell of their end only after a while, when what they do is done.
import type { SimulatorClock } from "../../clock.ts";
import type { OemAction } from "../personality/oem.ts";
import type { Resource } from "../resources/tree.ts";

type JobRules = NonNullable<OemAction["job"]>;

interface Job {
  readonly id: string;
  readonly rules: JobRules;
  readonly startedAt: number;
  readonly finish: () => void;
  finished: boolean;
}

export class Jobs {
  readonly #clock: SimulatorClock;
  readonly #jobs = new Map<string, Job>();
  #lastId = 0;

  constructor(clock: SimulatorClock) {
    this.#clock = clock;
  }

  /** Its address. `finish` is called when its time has come. */
  start(rules: JobRules, finish: () => void): string {
    this.#lastId += 1;
    const id = rules.idPrefix + String(this.#lastId).padStart(6, "0");
    const uri = `${rules.at}/${id}`;
    this.#jobs.set(uri, { id, rules, startedAt: this.#clock.now(), finish, finished: false });
    this.settle();
    return uri;
  }

  running(rules: JobRules): boolean {
    this.settle();
    return [...this.#jobs.values()].some((job) => job.rules === rules && !job.finished);
  }

  /** Ends what has had its time; nobody may look at the world before. */
  settle(): void {
    for (const job of this.#jobs.values()) {
      if (job.finished || this.#clock.now() - job.startedAt < job.rules.ms) continue;
      job.finished = true;
      job.finish();
    }
  }

  resource(uri: string): Resource | undefined {
    const job = this.#jobs.get(uri);
    if (job === undefined) return undefined;
    const { body, done } = job.rules;
    const names = { "@odata.id": uri, Id: job.id, Name: "Job" };
    return { ...names, ...body, ...(job.finished ? done : {}) };
  }
}
