import { inspectContainer } from "../../../client/containers.ts";
import { createExec, inspectExec, resizeExec, startExec, startExecDetached } from "../../../client/exec.ts";
import { own } from "../../../lib/own.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool, list, string } from "../../flags/kinds.ts";
import { checkTerminal } from "../../terminal/check.ts";
import { detachKeysInForce } from "../../terminal/detach-keys.ts";
import { startSession } from "../../terminal/session.ts";
import { checkEnv, resolveEnv, withFiles } from "./options/key-values.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  args: minArgs(2),
  interspersed: false,
  flags: {
    detach: bool("Run the command in the background", { short: "d" }),
    "detach-keys": string("Keys that detach from the command"),
    env: list("Set an environment variable", { short: "e", parse: checkEnv, minApi: "1.25" }),
    "env-file": list("Read environment variables from a file", { minApi: "1.25" }),
    interactive: bool("Attach standard input", { short: "i" }),
    privileged: bool("Give the command all capabilities"),
    tty: bool("Allocate a terminal", { short: "t" }),
    user: string("User, and group, to run as: name|uid[:group|gid]", { short: "u" }),
    workdir: string("Working directory in the container", { short: "w", minApi: "1.35" }),
  },
  async run(deps, [container = "", ...command], flags) {
    const surroundings = { cwd: process.cwd(), env: deps.env };
    const env = await withFiles(
      flags["env-file"],
      flags.env.map((one) => resolveEnv(one, surroundings)),
      surroundings,
      (key) => own(deps.env, key),
    );
    const keys = detachKeysInForce(flags["detach-keys"], (await deps.config()).detachKeys);
    const client = await deps.client();
    const { tty, detach } = flags;
    const stdin = flags.interactive && !detach;
    if (!detach && stdin && tty && !deps.stdin.isTerminal) {
      // That the container is not there is said first.
      await inspectContainer(client, container);
      checkTerminal(deps, stdin, tty);
    }
    const [columns, rows] = tty ? deps.out.size() : [0, 0];
    const size = { ConsoleSize: tty && columns > 0 ? ([rows, columns] satisfies [number, number]) : null };
    const { Id } = await createExec(client, container, {
      User: flags.user,
      Privileged: flags.privileged,
      Tty: tty,
      ...size,
      AttachStdin: stdin,
      AttachStdout: !detach,
      AttachStderr: !detach,
      DetachKeys: keys.text,
      Env: env.length > 0 ? env : null,
      WorkingDir: flags.workdir,
      Cmd: command,
    });
    if (!Id) throw new CliError("exec ID empty");
    if (detach) return startExecDetached(client, Id, { Detach: true, Tty: tty, ...size });
    using undo = new DisposableStack();
    const stream = await startExec(client, Id, { Detach: false, Tty: tty, ...size });
    const session = undo.adopt(
      startSession(deps, stream, { tty, stdin, stdout: true, stderr: true, detachKeys: keys.bytes }),
      (session) => session.close(),
    );
    if (tty && deps.stdin.isTerminal) {
      const { followSize } = await import("../../terminal/resize.ts");
      undo.defer(followSize(deps.out, deps.err, (size) => resizeExec(client, Id, size)));
    }
    if ((await session.done) === "detached") throw new CliError("read escape sequence");
    return (await inspectExec(client, Id)).ExitCode ?? 0;
  },
});
