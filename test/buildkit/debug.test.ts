/** `buildx debug`: a shell in what a build came to, or in what a command left that failed. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { until } from "../harness.ts";
import { Buildx } from "./rig.ts";

const buildx = new Buildx();
const { start, context } = buildx;

beforeAll(start);
afterAll(async () => buildx[Symbol.asyncDispose]());

/**
 * Types lines into a debugger's shell, each when the screen shows what goes before it, and leaves the debugger. Gives
 * what was on the screen and the exit code.
 */
async function debug(args: string[], lines: readonly string[]): Promise<{ screen: string; exitCode: number }> {
  let screen = "";
  const client = Bun.spawn(["docker", "buildx", "debug", "--invoke", "/bin/sh", ...args], {
    env: { ...process.env, ...buildx.env, BUILDX_EXPERIMENTAL: "1", TERM: "xterm" },
    terminal: {
      cols: 120,
      rows: 30,
      data: (_terminal, data) => {
        screen += data.toString();
      },
    },
  });
  try {
    let read = 0;
    for (const line of lines) {
      await until(`a prompt after ${screen.slice(read)}`, () => /\/ # [^\n]*$/.test(screen.slice(read)), 30_000);
      read = screen.length;
      client.terminal?.write(`${line}\r`);
    }
    const over = ["invoke: exit code", "(buildx)"];
    await until("the monitor's prompt", () => over.every((word) => screen.slice(read).includes(word)), 30_000);
    client.terminal?.write("exit\r");
    return { exitCode: await client.exited, screen };
  } finally {
    client.kill();
    await client.exited;
    client.terminal?.close();
  }
}

test("a shell in the result of a build", async () => {
  const folder = context("FROM busybox\nRUN echo made > /made\nENV A=b\n");
  const { screen, exitCode } = await debug(
    ["--on=always", "build", "--progress=plain", folder],
    ["echo $(cat /made) $A $TERM $(tty)", "exit 3"],
  );
  expect(screen).toContain("made b xterm /dev/pts/0");
  expect(screen).toContain("invoke: exit code: 3");
  expect(exitCode).toBe(0);
});

/** Older clients offer it for results only. */
const failing = test.if(process.env.TEST_DOCKER_SUITE === "sid");

failing("a shell where a command failed: its files as it left them, its mounts, and the error at the end", async () => {
  const folder = context(
    [
      "FROM busybox AS other",
      "RUN echo other > /file",
      "FROM busybox",
      "RUN --mount=type=tmpfs,target=/memory --mount=target=/context --mount=from=other,target=/other,source=/file " +
        "echo left > /left; exit 5",
    ].join("\n"),
    { f: "context\n" },
  );
  const { screen, exitCode } = await debug(
    ["--on=error", "build", "--progress=plain", folder],
    ["echo $(cat /left /context/f /other) $(stat -f -c %T /memory)", "exit 7"],
  );
  expect(screen).toContain("left context other tmpfs");
  expect(screen).toContain("invoke: exit code: 7");
  expect(screen.slice(screen.indexOf("invoke: exit code"))).toContain("did not complete successfully: exit code: 5");
  expect(exitCode).toBe(1);
});
