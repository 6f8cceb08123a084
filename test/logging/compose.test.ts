/** Log drivers and their options as a Compose file has them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compose, dockerPrograms } from "../clients/debian.ts";
import { Daemon, sh, until } from "../harness.ts";
import { ForwardReceiver } from "./forward.ts";
import { GelfReceiver } from "./gelf.ts";
import { Rsyslog } from "./rsyslog.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-log-compose-"));
const [rsyslog, gelf, forward] = [new Rsyslog(folder), new GelfReceiver(), new ForwardReceiver()];
let daemon: Daemon;
let program: string[];

beforeAll(async () => {
  const config = await compose();
  program = [(await dockerPrograms()).docker, "--config", config, "compose", "--ansi", "never", "-p", "logging"];
  await Promise.all([rsyslog.start(), gelf.start(), forward.start()]);
  daemon = await Daemon.start();
}, 900_000);
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  for (const receiver of [rsyslog, gelf, forward]) await receiver[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** A service that says one line, and where it goes. */
const service = (name: string, driver: string, options: Record<string, string>) => [
  `  ${name}:`,
  "    image: busybox",
  `    command: echo from ${name}`,
  "    labels: { kind: composed }",
  `    logging: ${JSON.stringify({ driver, options })}`,
];

const run = async (file: string, ...args: string[]) => {
  writeFileSync(join(folder, "compose.yaml"), file);
  return sh([...program, "-f", join(folder, "compose.yaml"), ...args], { env: { DOCKER_HOST: daemon.host } });
};

test("each driver gets its options, and logs shows the lines of all", async () => {
  const file = [
    "services:",
    ...service("syslog", "syslog", {
      "syslog-address": `tcp://127.0.0.1:${rsyslog.tcp}`,
      "syslog-facility": "local3",
      tag: "composed/{{.Name}}",
    }),
    ...service("gelf", "gelf", {
      "gelf-address": `udp://127.0.0.1:${gelf.port}`,
      "gelf-compression-type": "none",
      labels: "kind",
    }),
    ...service("fluentd", "fluentd", {
      "fluentd-address": `127.0.0.1:${forward.port}`,
      "fluentd-request-ack": "true",
      "fluentd-async": "true",
      tag: '{{index .ContainerLabels "com.docker.compose.service"}}',
    }),
    ...service("file", "json-file", { "max-size": "10k", "max-file": "3", labels: "kind" }),
    ...service("local", "local", { "max-size": "1m", mode: "non-blocking", "max-buffer-size": "2m" }),
  ].join("\n");
  const up = await run(file, "up", "-d", "--wait-timeout", "1");
  expect([up.exitCode, up.stderr]).toEqual([0, expect.not.stringContaining("rror")]);

  const [message] = await rsyslog.of("composed/logging-syslog-1", 1);
  expect([message?.msg.trim(), message?.syslogfacility]).toEqual(["from syslog", "19"]);
  await until("gelf", () => gelf.messages.length === 1);
  const told = JSON.parse(gelf.messages[0]?.text ?? "");
  expect([told.short_message, told._kind, gelf.messages[0]?.packing]).toEqual(["from gelf", "composed", "none"]);
  await until("fluentd", () => forward.messages.length === 1);
  const [{ tag, record, option } = { tag: "", record: {}, option: {} }] = forward.messages;
  expect([tag, (record as Record<string, string>)["log"], option]).toEqual([
    "fluentd",
    "from fluentd",
    { chunk: expect.any(String) },
  ]);

  const logs = await run(file, "logs", "--no-color", "--no-log-prefix");
  // It clears lines that nobody has written.
  expect(logs.stdout.trim().replaceAll("\x1b[2K", "").split("\n").sort()).toEqual(
    ["file", "fluentd", "gelf", "local", "syslog"].map((name) => `from ${name}`),
  );
  const shown = await daemon.ok("inspect", "-f", "{{json .HostConfig.LogConfig}}", "logging-file-1");
  expect(JSON.parse(shown)).toEqual({
    Type: "json-file",
    Config: { labels: "kind", "max-file": "3", "max-size": "10k" },
  });
  expect((await daemon.docker("logs", "--details", "logging-file-1")).stdout).toBe("kind=composed from file\n");
  // Options that have not changed make no other container.
  const again = await run(file, "up", "-d", "--no-start");
  expect(again.stderr).not.toContain("Recreate");
  expect((await run(file, "down", "-t", "0")).exitCode).toBe(0);
});

test("an option that the driver does not have is refused in Docker's words", async () => {
  const file = ["services:", ...service("wrong", "syslog", { "syslog-nosuch": "1" })].join("\n");
  const { exitCode, stderr } = await run(file, "up", "-d");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("unknown log opt 'syslog-nosuch' for syslog log driver");
  expect((await run(file, "down")).exitCode).toBe(0);
});
