import { ExecMessage } from "../../../api/buildkit/process.ts";
import type { ContainerProcess } from "../../../builder/llb/container/process.ts";
import { insecureOf } from "../../../builder/llb/exec/read.ts";
import type { LlbWork } from "../../../builder/llb/work.ts";
import { parseSignal } from "../../../container/life/signal.ts";
import { errorMessage } from "../../../lib/errors.ts";
import type { ServerCall } from "../../../lib/grpc/server-call.ts";
import { Code, GrpcError } from "../../../lib/grpc/status.ts";
import { decode, encode, type Input } from "../../../lib/protobuf.ts";
import { RuntimeError } from "../../../runtime/runtime-errors.ts";
import { detail } from "../failure.ts";
import type { Containers } from "./containers.ts";

type Init = NonNullable<ExecMessage["init"]>;
type Told = Omit<Input<typeof ExecMessage>, "processId">;

/** What a process's exit is told as that was seen by nobody. */
const unknownExit = 255;
/** Input that waits for a process, in bytes, before its client is held back. */
const mostInput = 256 * 1024;
const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * `LLBBridge/ExecProcess`: starts processes in a frontend's containers and carries their streams, any number of them
 * on one call. Those that still run when the call ends are killed.
 */
export async function execProcess(call: ServerCall, containers: Containers, work: LlbWork): Promise<void> {
  const processes = new Map<string, Carried>();
  const running: Promise<void>[] = [];
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const reading = (async () => {
    for await (const bytes of call.messages) {
      const message = decode(ExecMessage, bytes);
      const { processId: id, init } = message;
      if (id === "") throw new GrpcError(Code.invalidArgument, "ProcessID required");
      const known = processes.get(id);
      if (!init) {
        if (!known) throw new GrpcError(Code.notFound, `IO for process "${id}" not found`);
        await known.take(message);
        continue;
      }
      if (known) throw new GrpcError(Code.alreadyExists, `Process ${id} already exists`);
      const send = (told: Told) => call.send(encode(ExecMessage, { processId: id, ...told }));
      const carried = new Carried(send, init);
      processes.set(id, carried);
      const ended = carried.run(() => start(containers, work, init));
      ended.catch(failed.reject);
      running.push(ended);
    }
  })();
  const killAll = () => {
    for (const each of processes.values()) each.kill();
  };
  call.signal.addEventListener("abort", killAll, { once: true });
  try {
    await Promise.race([reading, failed.promise]);
    await Promise.race([Promise.all(running), failed.promise]);
  } finally {
    call.signal.removeEventListener("abort", killAll);
    killAll();
    reading.catch(() => {});
  }
}

async function start(containers: Containers, { client, allow }: LlbWork, init: Init): Promise<ContainerProcess> {
  const { containerId, meta, fds, tty, security, secretEnv } = init;
  const container = containers.get(containerId);
  if (!container) throw new GrpcError(Code.notFound, `container "${containerId}" previously released or not created`);
  const insecure = insecureOf(security);
  for (const [wanted, entitlement] of [
    [container.network === "host", "network.host"],
    [insecure, "security.insecure"],
  ] as const)
    if (wanted && !allow.has(entitlement)) throw new GrpcError(Code.unknown, `${entitlement} is not allowed`);
  const { args = [], env = [], cwd = "", user = "" } = meta ?? {};
  const secrets: string[] = [];
  for (const { id, name, optional } of secretEnv) {
    if (id === "") throw new GrpcError(Code.unknown, `secret ID missing for "${name}" environment variable`);
    const value = await client.secret(id);
    if (!value && !optional) throw new GrpcError(Code.unknown, `secret ${id}: not found`);
    secrets.push(`${name}=${Buffer.from(value ?? []).toString("utf8")}`);
  }
  const has = (name: string) => env.some((each) => each.startsWith(`${name}=`));
  return container.start({
    args: [...args],
    env: [...env, ...(has("PATH") ? [] : [path]), ...(tty && !has("TERM") ? ["TERM=xterm"] : []), ...secrets],
    cwd: cwd || "/",
    user,
    tty,
    stdin: fds.includes(0),
    insecure,
  });
}

/** One process on a call: what its client sends to it, and what it is told of it. */
class Carried {
  readonly #process = Promise.withResolvers<ContainerProcess>();
  readonly #inputEnded = Promise.withResolvers<void>();
  #input: boolean;
  #waiting = 0;
  #killed = false;
  #ended = false;

  constructor(
    private readonly send: (told: Told) => Promise<void>,
    private readonly init: Init,
  ) {
    this.#input = init.fds.includes(0);
    this.#process.promise.catch(() => {});
  }

  /** Runs it to its end. Rejects where the client cannot be told. */
  async run(start: () => Promise<ContainerProcess>): Promise<void> {
    const process = await this.#begin(start);
    if (process) {
      await this.send({ started: {} });
      const { tty, fds } = this.init;
      for await (const { stream, data } of process.frames) {
        const fd = tty ? 1 : stream;
        if (fds.includes(fd)) await this.send({ file: { fd, data } });
      }
      await this.#tellExit(await process.exited);
    }
    this.#ended = true;
    for (const fd of this.init.fds) if (fd !== 0) await this.send({ file: { fd, eof: true } });
    if (this.#input) await this.#inputEnded.promise;
    await this.send({ done: {} });
  }

  /** What the client says of it. */
  async take({ file, resize, signal }: ExecMessage): Promise<void> {
    if (file) return this.#write(file);
    const process = await this.#process.promise.catch(() => undefined);
    if (!process || this.#ended) return;
    if (resize) await process.resize(resize.cols, resize.rows).catch(() => {});
    if (signal) await process.signal(signalOf(signal.name)).catch(() => {});
  }

  /** It and what it has started, where it still runs. */
  kill(): void {
    if (this.#killed || this.#ended) return;
    this.#killed = true;
    this.#inputEnded.resolve();
    this.#process.promise.then((process) => process.kill()).catch(() => {});
  }

  /** Undefined: it could not be started, which its client has been told. */
  async #begin(start: () => Promise<ContainerProcess>): Promise<ContainerProcess | undefined> {
    try {
      const process = await start();
      this.#process.resolve(process);
      return process;
    } catch (error) {
      this.#process.reject(error);
      await this.send({ started: {} });
      if (error instanceof RuntimeError) {
        // As runtimes say it: on the process's own standard error.
        const data = Buffer.from(`${error.message.replace(/^.*?(?=unable to start container process)/s, "")}\n`);
        const fd = this.init.tty ? 1 : 2;
        if (this.init.fds.includes(fd)) await this.send({ file: { fd, data } });
        await this.#tellExit(1);
      } else {
        const code = error instanceof GrpcError ? error.code : Code.unknown;
        await this.send({ exit: { code: unknownExit, error: { code, message: errorMessage(error), details: [] } } });
      }
      return undefined;
    }
  }

  #tellExit(code: number): Promise<void> {
    if (code === 0) return this.send({ exit: { code } });
    const details = [detail("gatewayapi.ExitMessage", { Code: code })];
    return this.send({ exit: { code, error: { code: Code.unknown, message: `exit code: ${code}`, details } } });
  }

  async #write({ fd, data, eof }: NonNullable<ExecMessage["file"]>): Promise<void> {
    if (fd !== 0 || !this.#input) throw new GrpcError(Code.outOfRange, `fd ${fd} unavailable to write`);
    if (data.length > 0 && !this.#ended) {
      this.#waiting += data.length;
      // What it will never read, since it has ended, is nobody's loss.
      const written = this.#process.promise
        .then((process) => Promise.race([process.write(data), process.exited]))
        .catch(() => {})
        .then(() => {
          this.#waiting -= data.length;
        });
      if (this.#waiting > mostInput) await written;
    }
    if (!eof) return;
    this.#input = false;
    this.#inputEnded.resolve();
    this.#process.promise.then((process) => process.closeInput()).catch(() => {});
  }
}

function signalOf(name: string): number {
  try {
    return parseSignal(name);
  } catch {
    throw new GrpcError(Code.invalidArgument, `Unknown signal ${name}`);
  }
}
