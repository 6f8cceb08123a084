import type { IPAMConfig } from "../../api/types/network.ts";
import { invalid } from "../../lib/errors.ts";
import type { IpFamily } from "../../lib/ip.ts";
import { completeConfig, type IpamChoice } from "./ipam-config.ts";

/** Who chooses the subnets of new networks. Addresses within a subnet the engine gives itself. */
export interface IpamDriver {
  /** As `--ipam-driver` names it. */
  readonly name: string;
  /**
   * Subnet and gateway of one family for a new network; `asked` is what the request has for both. Throws where it asks
   * for what cannot be.
   */
  choose(asked: readonly IPAMConfig[], family: IpFamily, choice: IpamChoice): IPAMConfig;
}

/** By name. */
export type IpamDrivers = ReadonlyMap<string, IpamDriver>;

/** The driver of networks whose request names none. */
export const defaultIpamDriver = "default";

const fromPools: IpamDriver = { name: defaultIpamDriver, choose: completeConfig };

/** Has no addresses to give. */
const nothing: IpamDriver = {
  name: "null",
  choose(asked, family) {
    if (asked.length > 0) throw invalid("null ipam driver does not handle specific address pool requests");
    throw invalid(`ipv${family} pool is empty`);
  },
};

/** The drivers that come with the engine. */
export function builtinIpamDrivers(): IpamDrivers {
  return new Map([fromPools, nothing].map((driver) => [driver.name, driver]));
}
