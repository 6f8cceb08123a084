/** Lines of containers reach a real rsyslogd, byte for byte as dockerd sends them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { Daemon } from "../harness.ts";
import { Rsyslog } from "./rsyslog.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-syslog-"));
let daemon: Daemon;
const rsyslog = new Rsyslog(folder);
beforeAll(async () => {
  const defaults = ["tag=default/{{.Name}}", `syslog-address=udp://127.0.0.1:${rsyslog.udp}`];
  const args = ["--log-driver=syslog", ...defaults.map((option) => `--log-opt=${option}`)];
  [daemon] = await Promise.all([Daemon.start({ args }), rsyslog.start()]);
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await rsyslog[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const run = (options: Record<string, string>, command: string) =>
  daemon.docker(
    "run",
    "--rm",
    "--log-driver=syslog",
    ...Object.entries(options).map(([name, value]) => `--log-opt=${name}=${value}`),
    "busybox",
    "sh",
    "-c",
    command,
  );

const stamp = "[A-Z][a-z]{2} [ 123]\\d \\d\\d:\\d\\d:\\d\\d";
const day = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d";
const host = hostname().replaceAll(".", "\\.");

describe.each([
  ["udp", () => `udp://127.0.0.1:${rsyslog.udp}`],
  ["tcp", () => `tcp://127.0.0.1:${rsyslog.tcp}`],
  ["unixgram", () => `unixgram://${rsyslog.socket}`],
])("by %s", (network, address) => {
  test.each([
    ["", (tag: string) => `^<PRI>${stamp} ${tag}\\[PID\\]: `],
    ["rfc3164", (tag: string) => `^<PRI>${stamp} ${host} ${tag}\\[PID\\]: `],
    ["rfc5424", (tag: string) => `^<PRI>1 ${day}Z ${host} ${tag} PID ${tag} - `],
    ["rfc5424micro", (tag: string) => `^<PRI>1 ${day}\\.\\d{6}Z ${host} ${tag} PID ${tag} - `],
  ])("in the format %p", async (format, head) => {
    const tag = `${network}-${format}`;
    const options = { "syslog-address": address(), tag, ...(format && { "syslog-format": format }) };
    expect(await run(options, "echo one; echo; sleep 0.1; echo two >&2; sleep 0.1; printf three")).toMatchObject({
      exitCode: 0,
    });
    const messages = await rsyslog.of(`${tag}${format.startsWith("rfc5424") ? " " : "["}`, 3);
    expect(messages.map(({ rawmsg }) => rawmsg.replace(/^.*?(: | - )/, ""))).toEqual(["one", "two", "three"]);
    const severities = messages.map((message) => message.syslogseverity);
    expect(severities).toEqual(["6", "3", "6"]);
    const whole = head(tag).replace("PRI", "30").replace("PID", String(daemon.pid));
    expect(messages[0]?.rawmsg).toMatch(new RegExp(`${whole}one$`));
  });
});

test("facility, a tag of a template, and what is longer than a message", async () => {
  const options = {
    "syslog-address": `tcp://127.0.0.1:${rsyslog.tcp}`,
    "syslog-facility": "local3",
    "syslog-format": "rfc5424",
    tag: "long/{{.Name}}/{{.ImageName}}",
  };
  await run(options, "head -c 17000 /dev/zero | tr '\\0' x; echo; echo end");
  const messages = await rsyslog.of("long/", 3);
  expect(messages.map(({ msg }) => msg.trim().length)).toEqual([16_384, 616, 3]);
  expect(messages[0]).toMatchObject({ syslogfacility: "19" });
  expect(messages[0]?.programname).toStartWith("long");
});

test("the daemon's defaults, for who names no driver", async () => {
  expect(await daemon.ok("info", "-f", "{{.LoggingDriver}}")).toBe("syslog");
  await daemon.ok("run", "--name=plain", "busybox", "echo", "one");
  const [message] = await rsyslog.of("default/plain[", 1);
  expect(message?.msg.trim()).toBe("one");
  expect(await daemon.ok("logs", "plain")).toBe("one");
  expect(await daemon.ok("inspect", "-f", "{{.HostConfig.LogConfig.Type}} {{.LogPath}}", "plain")).toBe("syslog");
});
