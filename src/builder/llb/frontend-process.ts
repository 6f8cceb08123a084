import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { ImageRecord } from "../../image/record.ts";
import { connection } from "../../lib/connection.ts";
import { newId } from "../../lib/ids.ts";
import { mountChain } from "../steps/mounts/bind.ts";
import { type RunInput, runStep } from "../steps/run-step.ts";
import type { LlbWork } from "./work.ts";

/** A frontend from an image, as a process whose standard input and output are a connection. */
export interface FrontendProcess {
  image: ImageRecord;
  /** Besides the image's own: each `NAME=value`. */
  env: readonly string[];
  /** Speaks on the connection until it ends. */
  serve: (connection: Duplex) => Promise<void>;
  /** Told what it says on standard error. */
  log: (data: Uint8Array) => Promise<void>;
  signal: AbortSignal;
}

/**
 * Runs a frontend in the sandbox that steps have, upon its image, of which nothing is kept. Returns its exit code.
 */
export async function runFrontend(
  { deps, imported }: LlbWork,
  { image, env, serve, log, signal }: FrontendProcess,
): Promise<number> {
  const { chainIds: chain, diffIds, config } = image;
  const { Entrypoint, Env, WorkingDir, Labels } = config.config ?? {};
  await imported.materialize({ chain, diffIds }, signal);
  await using undo = new AsyncDisposableStack();
  const rootfs = join(deps.execRoot, "builds", newId());
  mkdirSync(rootfs, { recursive: true, mode: 0o700 });
  undo.defer(() => rmdirSync(rootfs));
  await mountChain({ deps, undo }, chain, rootfs, true);
  const { connection: both, input, received, ended } = streams();
  const served = serve(both);
  try {
    return await runStep(deps, {
      rootfs,
      argv: Entrypoint && Entrypoint.length > 0 ? [...Entrypoint] : ["/run"],
      env: [...(Env ?? []), ...env],
      cwd: WorkingDir || "/",
      user: "",
      mounts: [],
      network: isTrue(Labels?.["moby.buildkit.frontend.network.none"]) ? "none" : "default",
      insecure: false,
      build: { resources: { ShmSize: 0 }, extraHosts: [] },
      begin: () => {},
      input,
      output: (stream, data) => (stream === 1 ? received(data) : log(data)),
      signal,
    });
  } finally {
    ended();
    await served;
  }
}

const isTrue = (text: string | undefined) => /^(1|t|true)$/i.test(text ?? "");

/** A connection whose other end is a process: what it writes is received, what is sent to it is its input. */
function streams(): {
  connection: Duplex;
  input: RunInput;
  received: (data: Uint8Array) => Promise<void>;
  ended: () => void;
} {
  const process = Promise.withResolvers<Parameters<RunInput>[0]>();
  process.promise.catch(() => {});
  const endInput = () =>
    void process.promise.then(
      (io) => io.end(),
      () => {},
    );
  const output = new TransformStream<Uint8Array, Uint8Array>();
  const writer = output.writable.getWriter();
  const made = connection({
    input: output.readable,
    write: async (data) => (await process.promise).write(Buffer.from(data)),
    endWrite: endInput,
    close() {
      void writer.abort().catch(() => {});
      endInput();
    },
  });
  made.on("error", () => {});
  return {
    connection: made,
    input: (io) => process.resolve(io),
    /** Done when there is room for more, or nobody takes any more. */
    received: (data) => writer.write(Buffer.from(data)).catch(() => {}),
    ended() {
      process.reject(new Error("the frontend has ended"));
      made.destroy();
    },
  };
}
