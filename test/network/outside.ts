import { runOk } from "../../src/lib/run.ts";

/** A machine beyond this one: a namespace joined to the host by a cable, with its default route through the host. */
export async function outsideMachine(
  name: string,
  net: number,
): Promise<AsyncDisposable & { path: string; ip: string; ip6: string; hostIp: string; hostIp6: string }> {
  const [near, far] = [`on${name}`, `of${name}`];
  const [hostIp, ip, hostIp6, ip6] = [`10.215.${net}.1`, `10.215.${net}.2`, `fd15:${net}::1`, `fd15:${net}::2`];
  const at = (...argv: string[]) => runOk(["ip", "-n", name, ...argv]);
  await runOk(["ip", "netns", "add", name]);
  await runOk(["ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", name]);
  for (const address of [`${hostIp}/24`, `${hostIp6}/64`])
    await runOk(["ip", "address", "add", address, "dev", near, ...(address.includes(":") ? ["nodad"] : [])]);
  await runOk(["ip", "link", "set", near, "up"]);
  for (const address of [`${ip}/24`, `${ip6}/64`])
    await at("address", "add", address, "dev", far, ...(address.includes(":") ? ["nodad"] : []));
  await at("link", "set", "lo", "up");
  await at("link", "set", far, "up");
  await at("route", "add", "default", "via", hostIp);
  await at("-6", "route", "add", "default", "via", hostIp6);
  return {
    path: `/run/netns/${name}`,
    ip,
    ip6,
    hostIp,
    hostIp6,
    async [Symbol.asyncDispose]() {
      await runOk(["ip", "netns", "del", name]);
      await runOk(["ip", "link", "del", near]).catch(() => {});
    },
  };
}
