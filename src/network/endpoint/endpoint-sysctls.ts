import type { EndpointSettings } from "../../api/types/network.ts";
import { internal } from "../../lib/errors.ts";
import type { Netns } from "../../linux/namespace.ts";
import { SystemError } from "../../linux/syscall.ts";
import { type EndpointRecord, hostInterface } from "../record.ts";

/** Settings of a container's interface in the option `net.ipv4.conf.IFNAME.log_martians=1,…` of its endpoint. */

const option = "com.docker.network.endpoint.sysctls";

const settingsOf = (settings: EndpointSettings): string[] => {
  const text = settings.DriverOpts?.[option] ?? "";
  return text === "" ? [] : text.split(",");
};

/** `net.X.Y.IFNAME.Z`. Docker's command line writes everything in small letters. */
const ofInterface = /^net\.(?:ipv4|ipv6|mpls)\.[^./]+\.(?:IFNAME|ifname)\.[^/]+$/;

/** An error, in Docker's words, for each setting that is not a valid one. */
export function sysctlErrors(settings: EndpointSettings): string[] {
  const form = "represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'";
  const wrong = settingsOf(settings).filter((setting) => !ofInterface.test(setting));
  return wrong.map((setting) => `unrecognised network interface sysctl '${setting}'; ${form}`);
}

/** Writes them inside the namespace. */
export function setEndpointSysctls(netns: Netns, { id, interfaceName, settings }: EndpointRecord): void {
  const refuse = (why: string, cause?: unknown): never => {
    throw internal(`failed to add interface ${hostInterface(id)} to sandbox: ${why}`, cause);
  };
  for (const setting of settingsOf(settings)) {
    const [name = "", ...value] = setting.split("=");
    if (value.length === 0) refuse(`expected sysctl '${setting}' to have format name=value`);
    // The interface's own name may have dots.
    const [net, family, group, , ...rest] = name.split(".");
    const path = [net, family, group, interfaceName, ...rest].join("/");
    try {
      netns.sysctl(path, value.join("="));
    } catch (error) {
      const file = `/proc/sys/${path}`;
      if (error instanceof SystemError && error.code === "ENOENT") refuse(`${file} is not a sysctl file`, error);
      const reason = error instanceof Error ? error.message.replace(/^.*: /, "") : "";
      refuse(`unable to write to '${file}': open ${file}: ${reason}`, error);
    }
  }
}
