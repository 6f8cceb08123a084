import type { ContainerStatsResponse } from "../../../api/types/container.ts";
import { shortId } from "../../../lib/ids.ts";
import { Row } from "../../../lib/template/value.ts";
import { bytesSize, humanSize } from "../../format/units.ts";

/** One line of `stats`. */
export interface StatsEntry {
  /** The name or id that was asked for. */
  container: string;
  /** The newest reading; null where there is none, or none of late. */
  reading: ContainerStatsResponse | null;
  name: string;
  id: string;
}

export const statsTitles = {
  Container: "CONTAINER",
  Name: "NAME",
  ID: "CONTAINER ID",
  CPUPerc: "CPU %",
  MemUsage: "MEM USAGE / LIMIT",
  MemPerc: "MEM %",
  NetIO: "NET I/O",
  BlockIO: "BLOCK I/O",
  PIDs: "PIDS",
};

export const statsTable =
  "table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}";

const none = "--";

export function statsRow({ container, reading, name, id }: StatsEntry, noTrunc: boolean): Row {
  const figure =
    (text: (reading: ContainerStatsResponse) => string, missing = none) =>
    () =>
      reading ? text(reading) : missing;
  return new Row("*container.statsContext", {
    Container: () => container,
    Name: () => name.replace(/^\//, "") || none,
    ID: () => (noTrunc ? id : shortId(id)),
    CPUPerc: figure((reading) => percent(cpuPercent(reading))),
    MemUsage: figure(
      (reading) => `${bytesSize(memoryUsage(reading))} / ${bytesSize(reading.memory_stats?.limit ?? 0)}`,
      "-- / --",
    ),
    MemPerc: figure((reading) => percent(memoryPercent(reading))),
    NetIO: figure((reading) => pair(networkBytes(reading))),
    BlockIO: figure((reading) => pair(blockBytes(reading))),
    PIDs: figure((reading) => String(reading.pids_stats?.current ?? 0)),
  });
}

const percent = (value: number) => `${value.toFixed(2)}%`;
const pair = ([one, other]: [number, number]) => `${humanSize(one, 3)} / ${humanSize(other, 3)}`;

/** Share of all CPUs' time since the reading before, 100 for each CPU. */
export function cpuPercent({ cpu_stats: now, precpu_stats: before }: ContainerStatsResponse): number {
  const used = (now?.cpu_usage?.total_usage ?? 0) - (before?.cpu_usage?.total_usage ?? 0);
  const passed = (now?.system_cpu_usage ?? 0) - (before?.system_cpu_usage ?? 0);
  const cpus = now?.online_cpus || (now?.cpu_usage?.percpu_usage?.length ?? 0);
  return used > 0 && passed > 0 ? (used / passed) * cpus * 100 : 0;
}

/** Without the cache that can be given up at once (`total_inactive_file` on cgroup v1, `inactive_file` on v2). */
export function memoryUsage({ memory_stats: memory }: ContainerStatsResponse): number {
  const usage = memory?.usage ?? 0;
  for (const key of ["total_inactive_file", "inactive_file"]) {
    const cache = memory?.stats?.[key];
    if (cache !== undefined && cache < usage) return usage - cache;
  }
  return usage;
}

export function memoryPercent(reading: ContainerStatsResponse): number {
  const limit = reading.memory_stats?.limit ?? 0;
  return limit === 0 ? 0 : (memoryUsage(reading) / limit) * 100;
}

export function networkBytes({ networks }: ContainerStatsResponse): [received: number, sent: number] {
  const all = Object.values(networks ?? {});
  return [
    all.reduce((sum, one) => sum + (one?.rx_bytes ?? 0), 0),
    all.reduce((sum, one) => sum + (one?.tx_bytes ?? 0), 0),
  ];
}

export function blockBytes({ blkio_stats: io }: ContainerStatsResponse): [read: number, written: number] {
  const sum = (letter: string) =>
    (io?.io_service_bytes_recursive ?? []).reduce(
      (total, entry) => total + (entry?.op?.[0]?.toLowerCase() === letter ? (entry.value ?? 0) : 0),
      0,
    );
  return [sum("r"), sum("w")];
}
