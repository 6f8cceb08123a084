/** RUN --mount=type=ssh: the agent is reached as the options say, and nothing of it can be changed from inside. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Daemon } from "../harness.ts";
import { writeContext } from "./context.ts";

let daemon: Daemon;
const scratch = mkdtempSync("/tmp/berth-ssh-");
const agent = join(scratch, "agent");
/** Answers what it is told, as an agent would. */
const server = createServer((socket) => {
  socket.on("data", (data) => socket.end(`agent heard ${data}`));
});

beforeAll(async () => {
  daemon = await Daemon.start({ images: ["debian"] });
  await new Promise<void>((resolve) => server.listen(agent, resolve));
});
afterAll(async () => {
  server.close();
  await daemon?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const talk =
  `perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Peer => $ENV{SSH_AUTH_SOCK}) or die "no agent: $!"; ` +
  `print $s "hello"; $s->flush; print <$s>'`;

async function build(dockerfile: string, ...args: string[]): Promise<{ exitCode: number; text: string }> {
  const done = await daemon.berth(
    "build",
    "--no-cache",
    "--progress",
    "plain",
    ...args,
    writeContext(scratch, { Dockerfile: dockerfile }),
  );
  return { exitCode: done.exitCode, text: done.stdout + done.stderr };
}

test("the agent answers; its socket has the asked mode and owner, and stays as it is outside", async () => {
  const before = statSync(agent);
  const { exitCode, text } = await build(
    [
      "FROM debian",
      `RUN --mount=type=ssh ${talk}; stat -c '%a %u %g' $SSH_AUTH_SOCK; chmod 777 $SSH_AUTH_SOCK; chown 5 ` +
        "$SSH_AUTH_SOCK; true",
      "USER 33:34",
      `RUN --mount=type=ssh,id=own,uid=33,gid=34,mode=0640,target=/tmp/a.sock ${talk}; stat -c '%n %a %u %g' ` +
        "$SSH_AUTH_SOCK",
      `RUN --mount=type=ssh ${talk} || echo refused`,
      "RUN ls /tmp/a.sock /run/buildkit; env | grep SSH || echo clean",
    ].join("\n"),
    "--ssh",
    `default=${agent}`,
    "--ssh",
    `own=${agent}`,
  );
  expect(text).toContain("agent heard hello600 0 0");
  expect(text).toContain("agent heard hello/tmp/a.sock 640 33 34");
  expect(text).toContain("refused");
  expect(text).toContain("clean");
  expect(exitCode).toBe(0);
  const after = statSync(agent);
  expect([after.mode, after.uid]).toEqual([before.mode, before.uid]);
});

test("an agent that is required and not given is an error with its place; an optional one is left out", async () => {
  expect((await build("FROM debian\nRUN --mount=type=ssh,required true")).text).toContain(
    "unset ssh forward key default",
  );
  expect((await build('FROM debian\nRUN --mount=type=ssh test -z "$SSH_AUTH_SOCK"')).exitCode).toBe(0);
});
