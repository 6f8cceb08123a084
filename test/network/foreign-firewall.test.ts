import { expect, setDefaultTimeout, test } from "bun:test";
import { runOk } from "../../src/lib/run.ts";

setDefaultTimeout(60_000);

/** Another engine's policy must not be set on the machine the tests run on: this one has a namespace as its host. */
test("containers get through where iptables drops what it does not know", async () => {
  const host = `bh${process.pid}`;
  await runOk(["ip", "netns", "add", host]);
  try {
    await runOk(["ip", "-n", host, "link", "set", "lo", "up"]);
    for (const program of ["iptables", "ip6tables"])
      await runOk(["ip", "netns", "exec", host, program, "-P", "FORWARD", "DROP"]);
    const result = await runOk(["ip", "netns", "exec", host, process.execPath, `${import.meta.dir}/behind-drop.ts`]);
    expect(JSON.parse(result)).toEqual({
      published: "in",
      outgoing: "out",
      created: "new",
      rules: [
        "-A FORWARD -i BRIDGE -m comment --comment berth_INSTANCE -j ACCEPT",
        "-A FORWARD -o BRIDGE -m comment --comment berth_INSTANCE -j ACCEPT",
      ],
      after: [],
    });
  } finally {
    await runOk(["ip", "netns", "del", host]);
  }
});
