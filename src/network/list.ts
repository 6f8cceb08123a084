import type { Filters } from "../api/filters.ts";
import type { Network } from "../api/types/network.ts";
import type { NetworkDeps } from "./deps.ts";
import { networkFilter } from "./filter.ts";
import { describeNetwork } from "./inspect.ts";
import type { NetworkRecord } from "./record.ts";
import { allNetworks } from "./table.ts";

/** `GET /networks`, in the order they were made; `others`: a cluster's, those that are not on this machine as well. */
export async function listNetworks(
  deps: NetworkDeps,
  filters: Filters,
  others: readonly NetworkRecord[] = [],
): Promise<Network[]> {
  const here = allNetworks(deps.store);
  return [...here, ...others.filter(({ Id }) => !here.some((one) => one.Id === Id))]
    .filter(await networkFilter(deps, filters))
    .map(describeNetwork);
}
