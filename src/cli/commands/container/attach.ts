import type { ContainerInspectResponse } from "../../../api/types/container.ts";
import { attachContainer } from "../../../client/attach.ts";
import type { Client } from "../../../client/client.ts";
import { inspectContainer, killContainer, resizeContainer, waitContainer } from "../../../client/containers.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool, string } from "../../flags/kinds.ts";
import { checkTerminal } from "../../terminal/check.ts";
import { detachKeysInForce } from "../../terminal/detach-keys.ts";
import { followSize } from "../../terminal/resize.ts";
import { startSession } from "../../terminal/session.ts";
import { onSignals } from "../../terminal/signals.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER",
  args: exactArgs(1),
  flags: {
    "detach-keys": string("Keys that detach from the container"),
    "no-stdin": bool("Do not attach standard input"),
    "sig-proxy": bool("Pass signals on to the container", { default: true }),
  },
  async run(deps, [name = ""], flags) {
    const keys = detachKeysInForce(flags["detach-keys"], (await deps.config()).detachKeys);
    const client = await deps.client();
    const { Id: id = name, Config } = await inspectRunning(client, name);
    const tty = Config?.Tty === true;
    checkTerminal(deps, !flags["no-stdin"], tty);
    const stdin = !flags["no-stdin"] && Config?.OpenStdin === true;
    using undo = new DisposableStack();
    if (flags["sig-proxy"] && !tty) undo.defer(onSignals((signal) => killContainer(client, id, signal)));
    const { result } = await waitContainer(client, id);
    result.catch(() => {});
    const stream = await attachContainer(client, id, { stdin, stdout: true, stderr: true, detachKeys: keys.text });
    undo.defer(() => stream.close());
    // It may have stopped since; then the engine would let us wait for output that never comes.
    await inspectRunning(client, id);
    const session = startSession(deps, stream, { tty, stdin, stdout: true, stderr: true, detachKeys: keys.bytes });
    undo.defer(() => session.close());
    if (tty && deps.out.isTerminal) {
      // A full-screen program draws itself anew only when the size has changed.
      const [width, height] = deps.out.size();
      await resizeContainer(client, id, { height: height + 1, width: width + 1 }).catch(() => {});
      undo.defer(followSize(deps.out, deps.err, (size) => resizeContainer(client, id, size)));
    }
    if ((await session.done) === "detached") throw new CliError("read escape sequence");
    const { StatusCode, Error: failure } = await result;
    if (failure?.Message) throw new CliError(failure.Message);
    return StatusCode;
  },
});

async function inspectRunning(client: Client, name: string): Promise<ContainerInspectResponse> {
  const inspected = await inspectContainer(client, name);
  const { State } = inspected;
  if (!State?.Running) throw new CliError("cannot attach to a stopped container, start it first");
  if (State.Paused) throw new CliError("cannot attach to a paused container, unpause it first");
  if (State.Restarting) throw new CliError("cannot attach to a restarting container, wait until it is running");
  return inspected;
}
