/** Runs in a namespace whose iptables drops forwarded packets; prints what works all the same. */
import { runOk } from "../../src/lib/run.ts";
import { createNetwork } from "../../src/network/create.ts";
import { removeNetwork } from "../../src/network/remove.ts";
import { tearDownSandbox } from "../../src/network/sandbox/tear-down.ts";
import { TestNetworks } from "./harness.ts";
import { fetchText, httpServer } from "./http.ts";
import { outsideMachine } from "./outside.ts";

const report: Record<string, unknown> = {};
const rules = async () => (await runOk(["iptables", "-S", "FORWARD"])).trim().split("\n").slice(1);
{
  await using networks = await TestNetworks.start();
  await using outside = await outsideMachine(`xd${process.pid}`, 7);
  const [bridge, instance] = [networks.bridge, networks.instance];
  report["rules"] = (await rules()).map((rule) =>
    rule.replace(bridge, "BRIDGE").replace(instance, "INSTANCE").replaceAll('"', ""),
  );
  const a = await networks.setUp({ portBindings: { "80/tcp": [{ HostPort: "" }] } });
  await using _in = await httpServer(a.path, 80, "in");
  await using _out = await httpServer(outside.path, 8000, "out");
  report["published"] = await fetchText(
    outside.path,
    `http://${outside.hostIp}:${a.settings.Ports?.["80/tcp"]?.[0]?.HostPort}/`,
  );
  report["outgoing"] = await fetchText(a.path, `http://${outside.ip}:8000/`);
  await createNetwork(networks.deps, { Name: "new" });
  const b = await networks.setUp({ networkMode: "new", portBindings: { "80/tcp": [{ HostPort: "" }] } });
  await using _new = await httpServer(b.path, 80, "new");
  report["created"] = await fetchText(
    outside.path,
    `http://${outside.hostIp}:${b.settings.Ports?.["80/tcp"]?.[0]?.HostPort}/`,
  );
  for (const { id } of [a, b]) await tearDownSandbox(networks.deps, id);
  await removeNetwork(networks.deps, "new");
}
report["after"] = await rules();
console.log(JSON.stringify(report));
process.exit(0);
