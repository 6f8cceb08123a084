/** `volumedriver` of `docker.volumedriver/1.0`. */
export function capabilityOf(type: string): string {
  return type.split("/", 1)[0]?.split(".").at(-1) ?? "";
}

const kinds: Record<string, string> = {
  volumedriver: "VolumeDriver",
  networkdriver: "NetworkDriver",
  ipamdriver: "IpamDriver",
  authz: "authz",
  logdriver: "LogDriver",
  metricscollector: "MetricsCollector",
};

/** What a plugin of these types would say to `Plugin.Activate`: those that nobody here knows are left out. */
export function kindsOf(types: readonly string[]): string[] {
  return types.flatMap((type) => kinds[capabilityOf(type)] ?? []);
}
