/** Restart policies and the replacement of tasks: what flags say, upon what there is. */
import type { ServiceSpec, TaskSpec } from "../../../../api/types/swarm.ts";
import type { CreateFlags } from "./create-flags.ts";
import type { UpdateFlags } from "./update-flags.ts";

type Rollout = NonNullable<ServiceSpec["UpdateConfig"]>;
type Values = CreateFlags | UpdateFlags;
const second = 1e9;

const defaults: Rollout = {
  Parallelism: 1,
  FailureAction: "pause",
  Monitor: 5 * second,
  MaxFailureRatio: 0,
  Order: "stop-first",
};

/** How tasks are replaced; undefined where neither flags nor the specification say anything. */
export function rolloutConfig(
  prefix: "update" | "rollback",
  flags: Values,
  changed: ReadonlySet<string>,
  before?: Rollout,
): Rollout | undefined {
  const given = <N extends string>(name: N) => changed.has(`${prefix}-${name}`);
  if (!rolloutFields.some(given)) return before;
  const action = flags[`${prefix}-failure-action`];
  const order = flags[`${prefix}-order`];
  const config: Rollout = { ...(before ?? defaults) };
  if (given("parallelism")) config.Parallelism = flags[`${prefix}-parallelism`];
  if (given("delay")) config.Delay = flags[`${prefix}-delay`] ?? 0;
  // What is no action or order is the engine's to refuse.
  if (given("failure-action")) config.FailureAction = action as "pause";
  if (given("monitor")) config.Monitor = flags[`${prefix}-monitor`] ?? 0;
  if (given("max-failure-ratio")) config.MaxFailureRatio = flags[`${prefix}-max-failure-ratio`];
  if (given("order")) config.Order = order as "stop-first";
  return config;
}

const rolloutFields = ["parallelism", "delay", "failure-action", "monitor", "max-failure-ratio", "order"];

const restartFlags = ["restart-condition", "restart-delay", "restart-max-attempts", "restart-window"] as const;

/** When a task is replaced; undefined where neither flags nor the specification say anything. */
export function restartPolicy(
  flags: Values,
  changed: ReadonlySet<string>,
  before?: NonNullable<TaskSpec["RestartPolicy"]>,
): TaskSpec["RestartPolicy"] {
  if (!restartFlags.some((name) => changed.has(name))) return before;
  const policy = { ...(before ?? { Condition: "any" as const, Delay: 5 * second, MaxAttempts: 0 }) };
  if (changed.has("restart-condition")) policy.Condition = flags["restart-condition"] as "any";
  if (flags["restart-delay"] !== null) policy.Delay = flags["restart-delay"];
  if (flags["restart-max-attempts"] !== null) policy.MaxAttempts = flags["restart-max-attempts"];
  if (flags["restart-window"] !== null) policy.Window = flags["restart-window"];
  return policy;
}
