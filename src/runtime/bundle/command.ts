import type { ContainerConfig } from "../../api/types/container.ts";

/** Program and arguments of the container's first process. Throws nothing: an empty command is refused at create. */
export function commandOf(config: ContainerConfig): string[] {
  return [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
}
