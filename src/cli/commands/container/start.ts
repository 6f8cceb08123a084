import { attachContainer } from "../../../client/attach.ts";
import { inspectContainer, killContainer, resizeContainer, startContainer } from "../../../client/containers.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { CliError } from "../../errors.ts";
import { bool, string } from "../../flags/kinds.ts";
import { waitExit } from "./wait-exit.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  args: minArgs(1),
  flags: {
    attach: bool("Attach its output and pass signals on", { short: "a" }),
    checkpoint: string("Restore from this checkpoint"),
    "checkpoint-dir": string("Directory that the checkpoint is in"),
    "detach-keys": string("Keys that detach from the container"),
    interactive: bool("Attach its standard input", { short: "i" }),
  },
  async run(deps, names, flags) {
    const from = { checkpoint: flags.checkpoint, checkpointDir: flags["checkpoint-dir"] };
    if (flags.attach || flags.interactive) {
      if (names.length > 1) throw new CliError("you cannot start and attach multiple containers at once");
      return startAttached(deps, names[0] ?? "", {
        ...from,
        stdin: flags.interactive,
        detachKeys: flags["detach-keys"],
      });
    }
    if (flags.checkpoint !== "" && names.length > 1)
      throw new CliError("you cannot restore multiple containers at once");
    return startAll(deps, names, from);
  },
});

interface Checkpoint {
  checkpoint: string;
  checkpointDir: string;
}

async function startAll(
  { client: connect, out, err }: CommandDeps,
  names: readonly string[],
  from: Checkpoint,
): Promise<number> {
  const client = await connect();
  const failed: string[] = [];
  for (const name of names) {
    try {
      await startContainer(client, name, from);
      out.write(`${name}\n`);
      await out.flush();
    } catch (error) {
      err.write(`${errorMessage(error)}\n`);
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new CliError(`Error: failed to start containers: ${failed.join(", ")}`);
  return 0;
}

async function startAttached(
  deps: CommandDeps,
  name: string,
  { stdin: wantStdin, detachKeys, ...from }: Checkpoint & { stdin: boolean; detachKeys: string },
): Promise<number> {
  const client = await deps.client();
  const [{ startSession }, { detachKeysInForce }, { onSignals }] = await Promise.all([
    import("../../terminal/session.ts"),
    import("../../terminal/detach-keys.ts"),
    import("../../terminal/signals.ts"),
  ]);
  const keys = detachKeysInForce(detachKeys, (await deps.config()).detachKeys);
  const { Id: id = name, Config, HostConfig } = await inspectContainer(client, name);
  const [tty, autoRemove] = [Config?.Tty === true, HostConfig?.AutoRemove === true];
  const stdin = wantStdin && Config?.OpenStdin === true;
  using undo = new DisposableStack();
  if (!tty) undo.defer(onSignals((signal) => killContainer(client, id, signal)));
  const [stream, { status }] = await Promise.all([
    attachContainer(client, id, { stdin, stdout: true, stderr: true, detachKeys: keys.text }),
    waitExit(client, id, autoRemove, deps.err),
  ]);
  const session = undo.adopt(
    startSession(deps, stream, { tty, stdin, stdout: true, stderr: true, detachKeys: keys.bytes }),
    (session) => session.close(),
  );
  try {
    await startContainer(client, id, from);
  } catch (error) {
    session.close();
    if (autoRemove) await status;
    throw error;
  }
  if (tty && deps.out.isTerminal) {
    const { followSize } = await import("../../terminal/resize.ts");
    undo.defer(followSize(deps.out, deps.err, (size) => resizeContainer(client, id, size)));
  }
  return (await session.done) === "detached" ? 0 : await status;
}
