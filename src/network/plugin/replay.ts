import { errorMessage } from "../../lib/errors.ts";
import { textOf, truthOf } from "../../plugin/answer.ts";
import type { NetworkDeps } from "../deps.ts";
import type { NetworkRecord } from "../record.ts";
import { addressOf, allNetworks, endpointsOfNetwork, networkById, saveNetwork } from "../table.ts";
import { ask } from "./ask.ts";
import { askForAddress, askForPool, gatewayRequest, hasIpamPlugin } from "./ipam.ts";

/**
 * At boot, in the background: IPAM plugins that keep no notes are asked once more for all that they have given before.
 * What goes wrong is in the log.
 */
export async function replayPools(deps: NetworkDeps): Promise<void> {
  const networks = allNetworks(deps.store).filter((network) => network.pools && hasIpamPlugin(deps, network));
  const byDriver = Map.groupBy(networks, ({ IPAM }) => IPAM.Driver);
  await Promise.all(
    [...byDriver].map(async ([driver, ofDriver]) => {
      try {
        const capabilities = await ask(deps.plugins, driver, "IpamDriver.GetCapabilities", undefined, "for its file");
        if (!truthOf(capabilities, "RequiresRequestReplay")) return;
        for (const network of ofDriver) await replay(deps, network);
      } catch (error) {
        deps.log.warn("an IPAM plugin was not told what it has given", { driver, error: errorMessage(error) });
      }
    }),
  );
}

async function replay(deps: NetworkDeps, { Id, IPAM, pools = [] }: NetworkRecord): Promise<void> {
  const { Driver, Options, Config } = IPAM;
  const endpoints = endpointsOfNetwork(deps.store, Id);
  for (const [at, pool] of pools.entries()) {
    const answer = await askForPool(deps.plugins, Driver, { config: Config[at] ?? {}, options: Options ?? {}, pool });
    pool.id = textOf(answer, "PoolID");
    if (pool.gateway) await askForAddress(deps.plugins, Driver, pool.id, addressOf(pool.gateway), gatewayRequest);
    const given = endpoints.map(({ ipv4, ipv6 }) => addressOf(pool.family === 4 ? ipv4 : ipv6));
    for (const address of [...pool.auxiliary, ...given].filter((one) => one !== ""))
      await askForAddress(deps.plugins, Driver, pool.id, address, null);
  }
  const network = networkById(deps.store, Id);
  if (network) saveNetwork(deps.store, { ...network, pools });
}
