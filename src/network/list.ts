import type { Filters } from "../api/filters.ts";
import type { Network } from "../api/types/network.ts";
import type { NetworkDeps } from "./deps.ts";
import { networkFilter } from "./filter.ts";
import { describeNetwork } from "./inspect.ts";
import { allNetworks } from "./table.ts";

/** `GET /networks`, in the order they were made. */
export async function listNetworks(deps: NetworkDeps, filters: Filters): Promise<Network[]> {
  return allNetworks(deps.store)
    .filter(await networkFilter(deps, filters))
    .map(describeNetwork);
}
