import { internal } from "../../lib/errors.ts";
import { SystemError } from "../../linux/syscall.ts";

/** Kernel options by the kind of link that needs them. */
const options = {
  bridge: "CONFIG_BRIDGE",
  veth: "CONFIG_VETH",
  dummy: "CONFIG_DUMMY",
  vlan: "CONFIG_VLAN_8021Q",
  macvlan: "CONFIG_MACVLAN",
  ipvlan: "CONFIG_IPVLAN",
  vxlan: "CONFIG_VXLAN",
} as const;

/**
 * Makes links of a kind. Where the kernel does not know the kind, the error says which kernel option it was built
 * without. `words`: Docker's text before the reason.
 */
export function needingKind(kind: keyof typeof options, words: string, make: () => void): void {
  try {
    make();
  } catch (error) {
    if (!(error instanceof SystemError && error.code === "EOPNOTSUPP")) throw error;
    const module = kind === "vlan" ? "8021q" : kind;
    const lack = `this kernel has no ${kind} links: it lacks ${options[kind]}, or its module ${module}`;
    throw internal(`${words}operation not supported (${lack})`, error);
  }
}
