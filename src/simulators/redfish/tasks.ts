// TaskService: a request answered with 202 goes on as a Task; its monitor gives the final reply (DSP0266 clause "Asynchronous operations").
import { RedfishFailure } from "./http/failure.ts";
import { message } from "./http/messages.ts";
import { failureReply, type Reply, successReply } from "./http/replies.ts";
import type { Handlers, Part, PartContext } from "./part.ts";
import { isObject, type Json, type Resource } from "./resources/tree.ts";

/** How a request is answered: at once, or by a task that is found in the Location header, in the body, or nowhere. */
export type ReplyStyle = PartContext["personality"]["media"]["insertReply"];

interface Task {
  readonly id: string;
  readonly startedAt: number;
  endedAt?: number;
  final?: Reply;
}

const service = "/redfish/v1/TaskService";
const taskUri = (id: string): string => `${service}/Tasks/${id}`;
const monitorUri = (id: string): string => `${service}/TaskMonitors/${id}`;

export class Tasks implements Part {
  readonly #context: PartContext;
  readonly #tasks = new Map<string, Task>();
  readonly #running = new Set<Promise<void>>();
  #lastId = 0;

  constructor(context: PartContext) {
    this.#context = context;
  }

  /** Does `work` and answers in the given style. A style without a task waits for the work. */
  async answer(style: ReplyStyle, work: () => Promise<void>): Promise<Reply> {
    const done = style === "message" ? successReply(this.#registry) : { status: 204 };
    if (style === "no-content" || style === "message") {
      await work();
      return done;
    }
    const task = this.#start(done, work);
    const location = style === "task" ? { Location: monitorUri(task.id) } : undefined;
    const body = style === "task-without-address" ? undefined : { body: this.#render(task) };
    return { status: 202, headers: { ...location, ...this.#retryAfter }, ...body };
  }

  /** What a GET of a task monitor answers; undefined when `uri` is none. */
  monitor(uri: string): Reply | undefined {
    const task = this.#at(uri, monitorUri);
    if (task === undefined) return undefined;
    if (this.#isDone(task) && task.final !== undefined) return task.final;
    return { status: 202, headers: { Location: uri, ...this.#retryAfter }, body: this.#render(task) };
  }

  /** Resolves when no work of a task is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  resource(uri: string): Resource | undefined {
    const base = this.#context.tree.get(uri);
    if (uri === `${service}/Tasks` && base !== undefined) {
      const members = [...this.#tasks.keys()].map((id) => ({ "@odata.id": taskUri(id) }));
      return { ...base, "Members@odata.count": members.length, Members: members };
    }
    const task = this.#at(uri, taskUri);
    return task === undefined ? undefined : this.#render(task);
  }

  handlers(uri: string): Handlers | undefined {
    const task = this.#at(uri, taskUri) ?? this.#at(uri, monitorUri);
    if (task === undefined) return undefined;
    return {
      DELETE: async () => {
        this.#tasks.delete(task.id);
        return { status: 204 };
      },
    };
  }

  get #registry(): string {
    return this.#context.personality.http.messages;
  }

  get #retryAfter(): Record<string, string> {
    return { "Retry-After": String(this.#context.personality.media.retryAfterSeconds) };
  }

  #at(uri: string, address: (id: string) => string): Task | undefined {
    return [...this.#tasks.values()].find((task) => address(task.id) === uri);
  }

  #isDone(task: Task): boolean {
    const { clock, personality } = this.#context;
    return task.final !== undefined && clock.now() - task.startedAt >= personality.media.taskMs;
  }

  #start(done: Reply, work: () => Promise<void>): Task {
    this.#lastId += 1;
    const task: Task = { id: String(this.#lastId), startedAt: this.#context.clock.now() };
    this.#tasks.set(task.id, task);
    const running = this.#run(task, done, work).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return task;
  }

  async #run(task: Task, done: Reply, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      task.final = done;
    } catch (error) {
      if (!(error instanceof RedfishFailure)) throw error;
      task.final = failureReply(this.#context.personality, error);
    }
    task.endedAt = this.#context.clock.now();
  }

  #render(task: Task): Resource {
    const ended = this.#isDone(task) ? task.endedAt : undefined;
    const failed = (task.final?.status ?? 0) >= 400;
    return {
      "@odata.id": taskUri(task.id),
      "@odata.type": "#Task.v1_7_4.Task",
      Id: task.id,
      Name: `Task ${task.id}`,
      TaskState: ended === undefined ? "Running" : failed ? "Exception" : "Completed",
      TaskStatus: ended !== undefined && failed ? "Critical" : "OK",
      PercentComplete: ended === undefined ? 0 : 100,
      StartTime: new Date(task.startedAt).toISOString(),
      ...(ended === undefined ? {} : { EndTime: new Date(ended).toISOString() }),
      TaskMonitor: monitorUri(task.id),
      Messages: ended === undefined ? [] : this.#messages(task.final?.body),
    };
  }

  #messages(body: Json | undefined): Json {
    const error = isObject(body) ? body["error"] : undefined;
    return (isObject(error) ? error["@Message.ExtendedInfo"] : undefined) ?? [message(this.#registry, "Success")];
  }
}
