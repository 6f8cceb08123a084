import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon } from "../harness.ts";
import { type Machine, ownMachine } from "./machine.ts";

setDefaultTimeout(60_000);

const page = join(import.meta.dir, "../../docs/firewall.md");
const policy = "com.berth.network.publish-policy";

/** The table in words that are the same on every machine: a block a part, elements in order. */
async function blocks(machine: Machine, daemon: Daemon): Promise<string[]> {
  const listing = (await machine.run("nft", "--stateless", "list", "table", "inet", `berth_${daemon.instance}`))
    .replaceAll(daemon.instance, "<instance>")
    .replaceAll(daemon.bridge, "berth0")
    .replaceAll(daemon.cidr.replace(/\.1\/24$/, ""), "172.17.0")
    .replace(/dnat to :\d+/g, "dnat to :<relay>")
    .replace(
      /dport \d+ ct state new ct original proto-dst \d+/g,
      "dport <relay> ct state new ct original proto-dst <relay>",
    )
    .replace(/log group \d+/g, "log group <group>");
  return listing
    .split("\n")
    .slice(1, -2)
    .join("\n")
    .split("\n\n")
    .map((block) =>
      block
        .replace(
          /elements = \{([\s\S]*?)\}/,
          (_, list: string) =>
            `elements = { ${list
              .split(",")
              .map((element) => element.trim())
              .sort()
              .join(", ")} }`,
        )
        .replaceAll("\t", "  "),
    );
}

test("docs/firewall.md shows what is in the kernel", async () => {
  await using machine = await ownMachine();
  await using daemon = await Daemon.start({ netns: machine.path });
  const network = (name: string, third: number, ...options: string[]) =>
    daemon.ok(
      "network",
      "create",
      "--subnet",
      `172.30.${third}.0/24`,
      "-o",
      `com.docker.network.bridge.name=${name}0`,
      ...options,
      name,
    );
  const shown = new Map<string, string>();
  await network("front", 1);
  const base = await blocks(machine, daemon);
  shown.set("no port", `table inet berth_<instance> {\n${base.join("\n\n")}\n}`);
  /** What differs from a table without containers while a container runs. */
  const show = async (name: string, ...options: string[]) => {
    await daemon.ok("run", "-d", "--name", "shown", ...options, "busybox", "sleep", "600");
    shown.set(name, (await blocks(machine, daemon)).filter((block) => !base.includes(block)).join("\n\n"));
    await daemon.ok("rm", "-f", "shown");
  };
  await show("one port", "--network", "front", "-p", "8080:80");
  await show("range", "--network", "front", "-p", "9000-9010:9000-9010");
  await show("loopback", "--network", "front", "-p", "127.0.0.1:8080:80");
  await network("inner", 2, "--internal");
  await show("internal", "--network", "inner");
  await daemon.ok("network", "rm", "inner");
  await network("behind", 3, "-o", `${policy}=host-firewall`);
  await show("host-firewall", "--network", "behind", "-p", "8080:80");

  const text = readFileSync(page, "utf8");
  const written = text.replace(
    /<!-- ruleset: (.*?) -->\n(?:\n?```\n[\s\S]*?\n```\n)?/g,
    (_, name: string) => `<!-- ruleset: ${name} -->\n\`\`\`\n${shown.get(name)}\n\`\`\`\n`,
  );
  if (process.env.UPDATE_DOCS) writeFileSync(page, written);
  expect(readFileSync(page, "utf8")).toBe(written);
  for (const name of shown.keys()) expect(written).toContain(`<!-- ruleset: ${name} -->`);
});
