import type { Vertex, VertexLog, VertexStatus, VertexWarning } from "../../api/buildkit/control.ts";
import type { ProgressGroup } from "../../api/buildkit/llb.ts";
import { EventLog, type EventReader } from "../../lib/event-log.ts";
import type { Input } from "../../lib/protobuf.ts";
import { digestOf } from "../../oci/digest.ts";
import { timestampOf } from "./moment.ts";

/** Something that a build tells its client. */
export type ProgressEvent =
  | { kind: "vertex"; vertex: Input<typeof Vertex> }
  | { kind: "status"; status: Input<typeof VertexStatus> }
  | { kind: "log"; log: Input<typeof VertexLog> }
  | { kind: "warning"; warning: Input<typeof VertexWarning> };

/** Nobody reads more; each has a piece of the Dockerfile with it. */
const mostWarnings = 1000;

/** What a build tells, in BuildKit's terms: vertices, which are its steps, and what happens at each. */
export class Progress {
  readonly #log = new EventLog<ProgressEvent>(() => {});
  readonly #open = new Set<Step>();
  #count = 0;
  #warnings = 0;

  /** `build`: its vertices are no other build's. */
  constructor(private readonly build: string) {}

  /** A step that is about to be told of. `inputs`: digests of those that it waits for. */
  step(name: string, inputs: readonly string[] = []): Step {
    return this.vertex({ name, inputs, digest: digestOf(JSON.stringify([this.build, this.#count++, name])) });
  }

  /** A step that has a digest of its own. */
  vertex(vertex: StepVertex): Step {
    return new Step(vertex, this.#log, this.#open);
  }

  /** One that nobody hears of. */
  untold(vertex: StepVertex): Step {
    return new Step(vertex, new EventLog<ProgressEvent>(() => {}), new Set());
  }

  /** `warning`: made only where there is still room for it. */
  warn(warning: () => Input<typeof VertexWarning>): void {
    if (this.#warnings++ >= mostWarnings) return;
    this.#log.emit({ kind: "warning", warning: warning() });
  }

  /** Nothing more will come: what still goes on is told as called off. */
  end(): void {
    for (const step of this.#open) step.fail("context canceled");
    this.#log.end();
  }

  /** If nobody has asked for it by now, output waits for nobody. */
  disown(): void {
    this.#log.disown();
  }

  read(as: { owns: boolean }): EventReader<ProgressEvent> {
    return this.#log.read(as);
  }
}

/** What a step is, whatever becomes of it. */
export interface StepVertex {
  digest: string;
  name: string;
  /** Digests of those that it waits for. */
  inputs: readonly string[];
  /** Steps of one group are shown as one. */
  group?: ProgressGroup | undefined;
}

/** One vertex. Each change of it is told whole. */
export class Step {
  readonly digest: string;
  #name: string;
  #started: number | undefined;
  /** Those that are not over. */
  readonly #statuses = new Map<string, { started: number; name: string; current: number; total: number }>();

  constructor(
    private readonly vertex: StepVertex,
    private readonly log: EventLog<ProgressEvent>,
    private readonly open: Set<Step>,
  ) {
    this.digest = vertex.digest;
    this.#name = vertex.name;
  }

  /** That it will come, or what it is called now that more is known of it. */
  announce(name = this.#name): void {
    this.#name = name;
    this.#tell({});
  }

  get begun(): boolean {
    return this.#started !== undefined;
  }

  start(): void {
    this.#started = now();
    this.open.add(this);
    this.#tell({});
  }

  /** `cached`: it had not to be done. */
  done({ cached = false } = {}): void {
    this.#started ??= now();
    this.open.delete(this);
    this.#tell({ cached, completed: timestampOf(now()) });
  }

  fail(error: string): void {
    this.#started ??= now();
    // While something of it seems to go on, clients do not show that it failed.
    for (const [id, status] of this.#statuses) this.status(id, { ...status, done: true });
    this.open.delete(this);
    this.#tell({ error, completed: timestampOf(now()) });
  }

  /** Something that goes on in it. `id`: what is shown; `total` in the same unit as `current`; `done`: it is over. */
  status(id: string, { name = "", current = 0, total = 0, done = false } = {}): void {
    const at = now();
    const started = this.#statuses.get(id)?.started ?? at;
    if (done) this.#statuses.delete(id);
    else this.#statuses.set(id, { started, name, current, total });
    this.log.emit({
      kind: "status",
      status: {
        id,
        vertex: this.digest,
        name,
        current,
        total,
        timestamp: timestampOf(at),
        started: timestampOf(started),
        ...(done && { completed: timestampOf(at) }),
      },
    });
  }

  /** Output of a command; 1 is standard output, 2 standard error. Resolves when the client has caught up with it. */
  output(stream: 1 | 2, message: Uint8Array): Promise<void> {
    return this.log.output(
      { kind: "log", log: { vertex: this.digest, timestamp: timestampOf(now()), stream, message } },
      message.length,
    );
  }

  #tell(more: Input<typeof Vertex>): void {
    this.log.emit({
      kind: "vertex",
      vertex: {
        digest: this.digest,
        inputs: this.vertex.inputs,
        name: this.#name,
        ...(this.vertex.group && { progressGroup: this.vertex.group }),
        ...(this.#started !== undefined && { started: timestampOf(this.#started) }),
        ...more,
      },
    });
  }
}

const now = () => performance.timeOrigin + performance.now();
