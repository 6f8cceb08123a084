import type { Filters } from "../api/filters.ts";
import type { Network } from "../api/types/network.ts";
import type { NetworkContext } from "./context.ts";
import { networkFilter } from "./filter.ts";
import { describeNetwork } from "./inspect.ts";
import { allNetworks } from "./table.ts";

/** `GET /networks`, in the order they were made. */
export function listNetworks(ctx: NetworkContext, filters: Filters): Network[] {
  return allNetworks(ctx.store).filter(networkFilter(ctx, filters)).map(describeNetwork);
}
