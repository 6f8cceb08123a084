import { expect, test } from "bun:test";
import { blockBytes, cpuPercent, memoryPercent, memoryUsage, networkBytes, statsRow } from "./stats-row.ts";

const reading = {
  cpu_stats: { cpu_usage: { total_usage: 300 }, system_cpu_usage: 2000, online_cpus: 4 },
  precpu_stats: { cpu_usage: { total_usage: 100 }, system_cpu_usage: 1000 },
  memory_stats: { usage: 1000, limit: 4000, stats: { total_inactive_file: 200, inactive_file: 100 } },
  networks: { eth0: { rx_bytes: 1, tx_bytes: 2 }, eth1: { rx_bytes: 10, tx_bytes: 20 } },
  blkio_stats: {
    io_service_bytes_recursive: [
      { op: "Read", value: 5 },
      { op: "write", value: 6 },
      { op: "Read", value: 7 },
      { op: "Total", value: 99 },
    ],
  },
  pids_stats: { current: 3 },
};

test("figures", () => {
  expect(cpuPercent(reading)).toBe(80);
  expect(cpuPercent({})).toBe(0);
  expect(
    cpuPercent({
      ...reading,
      cpu_stats: { cpu_usage: { total_usage: 300, percpu_usage: [1, 2] }, system_cpu_usage: 2000 },
    }),
  ).toBe(40);
  expect([memoryUsage(reading), memoryPercent(reading)]).toEqual([800, 20]);
  expect(memoryUsage({ memory_stats: { usage: 1000, stats: { inactive_file: 100 } } })).toBe(900);
  expect(memoryUsage({ memory_stats: { usage: 10, stats: { inactive_file: 100 } } })).toBe(10);
  expect(networkBytes(reading)).toEqual([11, 22]);
  expect(blockBytes(reading)).toEqual([12, 6]);
});

test("a container of which nothing is known", () => {
  const { methods } = statsRow({ container: "x", reading: null, name: "", id: "" }, false);
  expect(Object.values(methods).map((method) => method())).toEqual([
    "x",
    "--",
    "",
    "--",
    "-- / --",
    "--",
    "--",
    "--",
    "--",
  ]);
});
