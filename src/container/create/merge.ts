import type { ContainerConfig, HealthConfig } from "../../api/types/container.ts";
import { present } from "../../lib/present.ts";
import type { OciImageConfig } from "../../oci/image.ts";

/**
 * What the user left open, the image fills: a new configuration. Lists that mean a command stand or fall together:
 * an entrypoint of the user's drops the image's command.
 */
export function mergeConfig(user: ContainerConfig, image: OciImageConfig | ContainerConfig): ContainerConfig {
  const ownCommand = (user.Entrypoint?.length ?? 0) > 0;
  return {
    ...user,
    User: user.User || image.User || "",
    ExposedPorts: { ...image.ExposedPorts, ...user.ExposedPorts },
    Env: mergeEnv(user.Env ?? [], image.Env ?? []),
    Labels: { ...image.Labels, ...user.Labels },
    Cmd: !ownCommand && !user.Cmd?.length ? (image.Cmd ?? null) : (user.Cmd ?? null),
    Entrypoint: user.Entrypoint ?? image.Entrypoint ?? null,
    Healthcheck: mergeHealthcheck(user.Healthcheck, image.Healthcheck),
    WorkingDir: user.WorkingDir || image.WorkingDir || "",
    Volumes: { ...user.Volumes, ...image.Volumes },
    StopSignal: user.StopSignal || image.StopSignal || null,
  };
}

/** The user's variables first, then the image's that the user does not set. */
function mergeEnv(user: string[], image: string[]): string[] {
  const key = (entry: string) => entry.split("=", 1)[0];
  const taken = new Set(user.map(key));
  return [...user, ...image.filter((entry) => !taken.has(key(entry)))];
}

function mergeHealthcheck(
  user: HealthConfig | null | undefined,
  image: HealthConfig | null | undefined,
): HealthConfig | null {
  if (!image || !user) return user ?? image ?? null;
  return present<HealthConfig>({
    ...user,
    Test: user.Test?.length ? user.Test : image.Test,
    Interval: user.Interval || image.Interval,
    Timeout: user.Timeout || image.Timeout,
    StartPeriod: user.StartPeriod || image.StartPeriod,
    StartInterval: user.StartInterval || image.StartInterval,
    Retries: user.Retries || image.Retries,
  });
}
