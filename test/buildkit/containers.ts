import { gatewayPaths } from "../../src/api/buildkit/gateway.ts";
import {
  ExecMessage,
  NewContainerRequest,
  NewContainerResponse,
  ReleaseContainerRequest,
  ReleaseContainerResponse,
} from "../../src/api/buildkit/process.ts";
import type { Client } from "../../src/lib/grpc/client.ts";
import type { ClientCall } from "../../src/lib/grpc/client-call.ts";
import { decode, encode, type Input } from "../../src/lib/protobuf.ts";

type Init = NonNullable<Input<typeof ExecMessage>["init"]>;

/** A container of a frontend, as a client asks for it. */
export class WireContainer {
  readonly id = crypto.randomUUID().replaceAll("-", "");
  readonly #metadata: Record<string, string>;

  constructor(
    private readonly client: Client,
    build: string,
  ) {
    this.#metadata = { "buildkit-controlapi-buildid": build };
  }

  async create(request: Omit<Input<typeof NewContainerRequest>, "containerId">): Promise<this> {
    const value = { containerId: this.id, ...request };
    const options = { metadata: this.#metadata };
    await this.client.unary(gatewayPaths.newContainer, NewContainerRequest, NewContainerResponse, value, options);
    return this;
  }

  async release(): Promise<void> {
    const value = { containerId: this.id };
    const options = { metadata: this.#metadata };
    const [request, response] = [ReleaseContainerRequest, ReleaseContainerResponse];
    await this.client.unary(gatewayPaths.releaseContainer, request, response, value, options);
  }

  /** Starts a process in it; `args` is a command line, or a shell's script. */
  async start(args: string | readonly string[], { meta, ...init }: Partial<Init> = {}): Promise<WireProcess> {
    const call = this.client.stream(gatewayPaths.execProcess, { metadata: this.#metadata });
    const fds = [...(init.fds ?? [0, 1, 2])];
    const process = new WireProcess(call, fds.includes(0));
    const words = typeof args === "string" ? ["/bin/sh", "-c", args] : args;
    await process.send({ init: { containerId: this.id, ...init, fds, meta: { args: words, cwd: "/", ...meta } } });
    return process;
  }

  /** A process that is run to its end, with no input. */
  async run(args: string | readonly string[], init: Partial<Init> = {}): Promise<Ended> {
    const process = await this.start(args, { fds: [1, 2], ...init });
    return process.ended;
  }
}

/** What a process came to. */
export interface Ended {
  /** Undefined: the call ended without. */
  code: number | undefined;
  error: { code: number; message: string; details: string[] } | undefined;
  /** By descriptor. */
  output: Record<number, string>;
  /** In which order it was told, without what each message had. */
  told: string[];
}

/** One process, with a call of its own. */
export class WireProcess {
  readonly ended: Promise<Ended>;
  readonly output: Record<number, string> = { 1: "", 2: "" };
  readonly #told: string[] = [];
  #input: boolean;

  constructor(
    readonly call: ClientCall,
    hasInput: boolean,
    readonly id = "p",
  ) {
    this.#input = hasInput;
    this.ended = this.#follow();
    this.ended.catch(() => {});
  }

  send(message: Omit<Input<typeof ExecMessage>, "processId">): Promise<void> {
    return this.call.send(encode(ExecMessage, { processId: this.id, ...message }));
  }

  write(text: string): Promise<void> {
    return this.send({ file: { fd: 0, data: Buffer.from(text) } });
  }

  closeInput(): Promise<void> {
    this.#input = false;
    return this.send({ file: { fd: 0, eof: true } });
  }

  async #follow(): Promise<Ended> {
    const ended: Ended = { code: undefined, error: undefined, output: this.output, told: this.#told };
    for await (const bytes of this.call.messages) {
      const { file, started, exit, done } = decode(ExecMessage, bytes);
      if (file) {
        this.output[file.fd] = (this.output[file.fd] ?? "") + Buffer.from(file.data).toString();
        if (file.eof) this.#told.push(`eof ${file.fd}`);
      }
      if (started) this.#told.push("started");
      if (exit) {
        this.#told.push("exit");
        // It is done when all its descriptors are closed, and this one nobody else closes.
        if (this.#input) await this.closeInput();
        ended.code = exit.code;
        const { error } = exit;
        ended.error = error && {
          code: error.code,
          message: error.message,
          details: error.details.map(({ typeUrl, value }) => `${typeUrl} ${Buffer.from(value).toString()}`),
        };
      }
      if (done) {
        this.#told.push("done");
        this.call.end();
      }
    }
    return ended;
  }
}
