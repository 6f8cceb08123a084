import { randomBytes } from "node:crypto";
import { runOk } from "../../src/lib/run.ts";
import { inside } from "./harness.ts";

/** A network namespace that stands for a whole machine, with another one at the end of its cable. */
export interface Machine extends AsyncDisposable {
  path: string;
  /** Addresses of the machine on the cable. */
  ip: string;
  ip6: string;
  outside: { path: string; ip: string; ip6: string };
  /** Runs a program on it; a failure is an error. Returns standard output. */
  run(...argv: string[]): Promise<string>;
  /** The page at a URL as seen from outside; nothing where no connection comes about. */
  fetch(url: string, seconds?: number): Promise<string>;
}

export async function ownMachine(): Promise<Machine> {
  const tag = randomBytes(3).toString("hex");
  const [near, far] = [`bm${tag}`, `bo${tag}`];
  const [ip, ip6, outside] = [
    "10.216.1.1",
    "fd16:1::1",
    { path: `/run/netns/${far}`, ip: "10.216.1.2", ip6: "fd16:1::2" },
  ];
  await using undo = new AsyncDisposableStack();
  for (const name of [near, far]) {
    await runOk(["ip", "netns", "add", name]);
    undo.defer(async () => void (await runOk(["ip", "netns", "del", name])));
    await runOk(["ip", "-n", name, "link", "set", "lo", "up"]);
  }
  await runOk(["ip", "-n", near, "link", "add", "cable0", "type", "veth", "peer", "name", "cable0", "netns", far]);
  for (const [name, addresses] of [
    [near, [`${ip}/24`, `${ip6}/64`]],
    [far, [`${outside.ip}/24`, `${outside.ip6}/64`]],
  ] as const) {
    for (const address of addresses)
      await runOk([
        "ip",
        "-n",
        name,
        "address",
        "add",
        address,
        "dev",
        "cable0",
        ...(address.includes(":") ? ["nodad"] : []),
      ]);
    await runOk(["ip", "-n", name, "link", "set", "cable0", "up"]);
  }
  await runOk(["ip", "-n", far, "route", "add", "default", "via", ip]);
  await runOk(["ip", "-n", far, "-6", "route", "add", "default", "via", ip6]);
  const path = `/run/netns/${near}`;
  const all = undo.move();
  return {
    path,
    ip,
    ip6,
    outside,
    async run(...argv) {
      const { exitCode, stdout, stderr } = await inside(path, argv);
      if (exitCode !== 0) throw new Error(`${argv.join(" ")}: exit ${exitCode}: ${stderr}${stdout}`);
      return stdout;
    },
    fetch: async (url, seconds = 2) =>
      (await inside(outside.path, ["curl", "-gsS", "-m", String(seconds), "--noproxy", "*", url])).stdout,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
