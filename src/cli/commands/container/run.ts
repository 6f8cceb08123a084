import type { CreateBody } from "../../../api/types/container.ts";
import { attachContainer } from "../../../client/attach.ts";
import { killContainer, resizeContainer, startContainer } from "../../../client/containers.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { CliError } from "../../errors.ts";
import { bool, string } from "../../flags/kinds.ts";
import { checkTerminal } from "../../terminal/check.ts";
import { startFailure, usageFailure } from "./failure.ts";
import { bodyOf, type CreateFlags, newContainer } from "./new-container.ts";
import { createFlags } from "./options/flags.ts";
import { waitExit } from "./wait-exit.ts";

const flags = {
  ...createFlags,
  detach: bool("Run in the background and print the container's id", { short: "d" }),
  "detach-keys": string("Keys that detach from the container"),
  "sig-proxy": bool("Pass signals on to the container", { default: true }),
};

export default defineCommand({
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  args: minArgs(1),
  interspersed: false,
  flags,
  async run(deps, args, given) {
    const body = await bodyOf(deps, args, given).catch((error: unknown) => {
      throw usageFailure(deps, error);
    });
    const run = { flags: given, detachKeys: given["detach-keys"], sigProxy: given["sig-proxy"] };
    if (given.detach) return runDetached(deps, body, run);
    checkTerminal(deps, body.AttachStdin === true, body.Tty === true);
    return runAttached(deps, body, run);
  },
});

interface Run {
  flags: CreateFlags;
  detachKeys: string;
  sigProxy: boolean;
}

async function runDetached(deps: CommandDeps, body: CreateBody, { flags }: Run): Promise<number> {
  if (flags.attach.length > 0) throw new CliError("conflicting options: cannot specify both --attach and --detach");
  Object.assign(body, { AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false });
  const client = await deps.client();
  try {
    const id = await newContainer(deps, client, body, flags);
    deps.out.write(`${id}\n`);
    await startContainer(client, id);
  } catch (error) {
    throw startFailure(deps, error);
  }
  return 0;
}

async function runAttached(deps: CommandDeps, body: CreateBody, { flags, detachKeys, sigProxy }: Run): Promise<number> {
  const client = await deps.client();
  const [stdin, stdout, stderr, tty] = [
    body.AttachStdin === true,
    body.AttachStdout === true,
    body.AttachStderr === true,
    body.Tty === true,
  ];
  const [{ startSession }, { detachKeysInForce }, { onSignals }] = await Promise.all([
    import("../../terminal/session.ts"),
    import("../../terminal/detach-keys.ts"),
    import("../../terminal/signals.ts"),
  ]);
  const keys = detachKeysInForce(detachKeys, (await deps.config()).detachKeys);
  const id = await newContainer(deps, client, body, flags).catch((error: unknown) => {
    throw startFailure(deps, error);
  });
  using undo = new DisposableStack();
  if (sigProxy) undo.defer(onSignals((signal) => killContainer(client, id, signal)));
  const [stream, { status }] = await Promise.all([
    attachContainer(client, id, { stdin, stdout, stderr, detachKeys: keys.text }),
    waitExit(client, id, flags.rm, deps.err),
  ]);
  const session = undo.adopt(
    startSession(deps, stream, { tty, stdin, stdout, stderr, detachKeys: keys.bytes }),
    (session) => session.close(),
  );
  try {
    await startContainer(client, id);
  } catch (error) {
    session.close();
    if (flags.rm) await status;
    throw startFailure(deps, error);
  }
  if (tty && deps.out.isTerminal) {
    const { followSize } = await import("../../terminal/resize.ts");
    undo.defer(followSize(deps.out, deps.err, (size) => resizeContainer(client, id, size)));
  }
  // Output may still be on its way when the container has exited, but only where some is awaited.
  const outcome = await (stdout || stderr
    ? session.done
    : Promise.race([session.done, status.then(() => "ended" as const)]));
  return outcome === "detached" ? 0 : await status;
}
