/** Lines of the logs of services: what is said of where each comes from. */
import type { Client } from "../../../client/client.ts";
import { inspectTask } from "../../../client/tasks.ts";
import { errorMessage } from "../../../lib/errors.ts";
import type { Output } from "../../deps.ts";
import { CliError } from "../../errors.ts";
import { NameResolver } from "./names.ts";

export interface LogLineFlags {
  details: boolean;
  raw: boolean;
  timestamps: boolean;
  "no-task-ids": boolean;
  "no-trunc": boolean;
}

const own = ["com.docker.swarm.node.id", "com.docker.swarm.service.id", "com.docker.swarm.task.id"];

/** What a line is of, as people read it: `web.2.abc@host2    | `; each task asked for once. */
export class TaskPrefix {
  readonly #names: NameResolver;
  readonly #known = new Map<string, Promise<string>>();

  constructor(
    private readonly client: Client,
    private readonly options: LogLineFlags & { noResolve: boolean; maxSlot: number },
  ) {
    this.#names = new NameResolver(client, options.noResolve);
  }

  of(task: string, node: string): Promise<string> {
    let prefix = this.#known.get(task);
    if (!prefix) {
      prefix = this.#make(task, node);
      this.#known.set(task, prefix);
    }
    return prefix;
  }

  async #make(id: string, node: string): Promise<string> {
    const { maxSlot } = this.options;
    const shownId = this.options["no-trunc"] ? id : id.slice(0, 12);
    const host = await this.#names.node(node);
    const { ServiceID = "", Slot = 0, NodeID = "" } = await inspectTask(this.client, id);
    const service = await this.#names.service(ServiceID);
    const place = Slot === 0 ? NodeID : String(Slot);
    const name = `${service}.${place}${this.options["no-task-ids"] ? "" : `.${shownId}`}@${host}`;
    const padding = Slot === 0 ? 0 : String(maxSlot).length - String(Slot).length;
    return `${name}${" ".repeat(Math.max(0, padding))}    | `;
  }
}

/** Writes whole lines, each after what it is of; a line may come in pieces. */
export class LineWriter {
  #rest = "";
  readonly #decoder = new TextDecoder();

  constructor(
    private readonly output: Output,
    private readonly flags: LogLineFlags,
    private readonly prefix: TaskPrefix,
  ) {}

  async write(data: Uint8Array): Promise<void> {
    const lines = (this.#rest + this.#decoder.decode(data, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.output.write(`${await this.#told(line)}\n`);
    await this.output.flush();
  }

  /** `[TIME ]DETAILS TEXT` as it is to be shown. */
  async #told(line: string): Promise<string> {
    const parts = /^(?:(\S+) )?(\S+?=\S*) ?(.*)$/s.exec(this.flags.timestamps ? line : line);
    const [, time, details, text] = parts ?? [];
    if (details === undefined || text === undefined) throw new CliError(`invalid context in log message: ${line}`);
    const context = parseDetails(details);
    const stamp = this.flags.timestamps && time !== undefined ? `${time} ` : "";
    const further = this.flags.details ? furtherDetails(context) : "";
    if (this.flags.raw) return stamp + further + text;
    const [node, , task] = own.map((key) => context.get(key) ?? "");
    return stamp + (await this.prefix.of(task ?? "", node ?? "")) + further + text;
  }
}

function parseDetails(text: string): Map<string, string> {
  try {
    return new Map(
      text.split(",").map((pair) => {
        const at = pair.indexOf("=");
        return [decodeURIComponent(pair.slice(0, at)), decodeURIComponent(pair.slice(at + 1))] as const;
      }),
    );
  } catch (error) {
    throw new CliError(`invalid context in log message: ${errorMessage(error)}`);
  }
}

/** What the log driver says beside what every line says. */
function furtherDetails(context: ReadonlyMap<string, string>): string {
  const pairs = [...context].filter(([key]) => !own.includes(key)).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length > 0 ? `${pairs.map(([key, value]) => `${key}=${value}`).join(",")} ` : "";
}
