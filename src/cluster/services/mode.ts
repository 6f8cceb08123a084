import type { ServiceSpec } from "../../api/types/swarm.ts";

/** Whether a service runs to an end. */
export const isJob = ({ Mode }: ServiceSpec): boolean => Boolean(Mode?.ReplicatedJob ?? Mode?.GlobalJob);

/** `replicated`, `global`, `replicated-job` or `global-job`. */
export const modeOf = ({ Mode = {} }: ServiceSpec): string =>
  Mode.Global ? "global" : Mode.GlobalJob ? "global-job" : Mode.ReplicatedJob ? "replicated-job" : "replicated";
