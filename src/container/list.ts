import type { Filters } from "../api/filters.ts";
import type { ContainerSummary } from "../api/types/container.ts";
import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function listContainers(_ctx: ContainerContext, options: { all?: boolean; limit?: number; size?: boolean; filters?: Filters }): Promise<ContainerSummary[]> {
  throw notImplemented("not implemented yet");
}
