import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CgroupLayout, detectCgroups, isHybridForCrun } from "./cgroup.ts";
import { parseIoStat, parseLegacyIo, readCgroupUsage } from "./cgroup-stats.ts";
import { cgroupPath, isFrozen, oomKills } from "./cgroup-tree.ts";
import { parseNetDev, readSystemCpu, readTotalMemory } from "./machine-stats.ts";

/** A made-up cgroup filesystem. */
function withFiles<T>(files: Record<string, string>, use: (root: string) => T): T {
  const root = mkdtempSync(join(tmpdir(), "berth-cgroup-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(root, name, ".."), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    return use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const layout = (root: string, version: 1 | 2): CgroupLayout => ({
  version,
  unified: version === 2 ? root : null,
  unifiedControllers: [],
  hierarchies:
    version === 2
      ? {}
      : {
          memory: `${root}/memory`,
          cpu: `${root}/cpu`,
          cpuacct: `${root}/cpu`,
          pids: `${root}/pids`,
          blkio: `${root}/blkio`,
          freezer: `${root}/freezer`,
        },
});

test("version 2", () => {
  const files = {
    "c/cpu.stat": "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 3\nnr_throttled 2\nthrottled_usec 7\n",
    "c/memory.current": "4096\n",
    "c/memory.max": "max\n",
    "c/memory.stat": "anon 1\nfile 2\n",
    "c/memory.events": "low 0\nmax 5\noom 1\noom_kill 2\n",
    "c/pids.current": "3\n",
    "c/pids.max": "100\n",
    "c/io.stat": "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n",
    "c/cgroup.events": "populated 1\nfrozen 1\n",
  };
  withFiles(files, (root) => {
    expect(readCgroupUsage(layout(root, 2), "/c")).toEqual({
      cpu: {
        total: 1_500_000,
        user: 1_000_000,
        kernel: 500_000,
        throttling: { periods: 3, throttledPeriods: 2, throttledTime: 7000 },
      },
      memory: { usage: 4096, limit: null, failures: 5, stat: { anon: 1, file: 2 } },
      pids: { current: 3, limit: 100 },
      io: {
        bytes: [
          { major: 8, minor: 0, op: "read", value: 1 },
          { major: 8, minor: 0, op: "write", value: 2 },
        ],
        operations: [
          { major: 8, minor: 0, op: "read", value: 3 },
          { major: 8, minor: 0, op: "write", value: 4 },
        ],
      },
    });
    expect(oomKills(layout(root, 2), "/c")).toBe(2);
    expect(isFrozen(layout(root, 2), "/c")).toBe(true);
    expect(isFrozen(layout(root, 2), "/gone")).toBe(false);
  });
});

test("version 1", () => {
  const files = {
    "cpu/c/cpuacct.usage": "1500\n",
    "cpu/c/cpuacct.stat": "user 1\nsystem 2\n",
    "cpu/c/cpuacct.usage_percpu": "1000 500 \n",
    "cpu/c/cpu.stat": "nr_periods 3\nnr_throttled 2\nthrottled_time 7\n",
    "memory/c/memory.usage_in_bytes": "4096\n",
    "memory/c/memory.limit_in_bytes": "9223372036854771712\n",
    "memory/c/memory.max_usage_in_bytes": "5000\n",
    "memory/c/memory.failcnt": "1\n",
    "memory/c/memory.stat": "cache 1\nhierarchical_memory_limit 9223372036854771712\n",
    "memory/c/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
    "pids/c/pids.current": "2\n",
    "pids/c/pids.max": "max\n",
    "blkio/c/blkio.throttle.io_service_bytes_recursive": "8:0 Read 10\n8:0 Total 10\nTotal 10\n",
    "freezer/c/freezer.state": "FREEZING\n",
  };
  withFiles(files, (root) => {
    expect(readCgroupUsage(layout(root, 1), "/c")).toEqual({
      cpu: {
        total: 1500,
        user: 1e7,
        kernel: 2e7,
        perCpu: [1000, 500],
        throttling: { periods: 3, throttledPeriods: 2, throttledTime: 7 },
      },
      memory: {
        usage: 4096,
        limit: null,
        maxUsage: 5000,
        failures: 1,
        stat: { cache: 1, hierarchical_memory_limit: Number("9223372036854771712") },
      },
      pids: { current: 2, limit: null },
      io: {
        bytes: [
          { major: 8, minor: 0, op: "Read", value: 10 },
          { major: 8, minor: 0, op: "Total", value: 10 },
        ],
        operations: [],
      },
    });
    expect(oomKills(layout(root, 1), "/c")).toBe(1);
    expect(isFrozen(layout(root, 1), "/c")).toBe(false);
  });
});

test("a cgroup that is gone has used nothing", () => {
  withFiles({}, (root) => expect(readCgroupUsage(layout(root, 2), "/c").memory.usage).toBe(0));
});

test("odd lines are passed over", () => {
  expect(parseIoStat("\n8:0\nnonsense\n")).toEqual({ bytes: [], operations: [] });
  expect(parseLegacyIo("Total 5\n")).toEqual([]);
});

test("layouts", () => {
  const v2 = "30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
  expect(detectCgroups(v2)).toMatchObject({ version: 2, unified: "/sys/fs/cgroup", hierarchies: {} });
  const v1 =
    "31 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n32 23 0:28 / " +
    "/sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n";
  expect(detectCgroups(v1)).toEqual({
    version: 1,
    unified: null,
    unifiedControllers: [],
    hierarchies: {
      cpu: "/sys/fs/cgroup/cpu,cpuacct",
      cpuacct: "/sys/fs/cgroup/cpu,cpuacct",
      "name=systemd": "/sys/fs/cgroup/systemd",
    },
  });
  expect(isHybridForCrun({ version: 1, unified: "/u", unifiedControllers: ["hugetlb"], hierarchies: {} })).toBe(true);
  expect(isHybridForCrun({ version: 2, unified: "/u", unifiedControllers: ["memory"], hierarchies: {} })).toBe(false);
});

test("paths by driver", () => {
  expect(cgroupPath("cgroupfs", "/berth/x")).toBe("/berth/x");
  expect(cgroupPath("systemd", "system.slice:berth:x")).toBe("/system.slice/berth-x.scope");
  expect(cgroupPath("systemd", "a-b.slice:berth:x")).toBe("/a.slice/a-b.slice/berth-x.scope");
  expect(cgroupPath("systemd", "-.slice:berth:x")).toBe("/berth-x.scope");
});

test("the machine", () => {
  expect(readSystemCpu("cpu  1 2 3 4 5 6 7 100 0 0\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 5\n")).toEqual({
    usage: 28e7,
    online: 2,
  });
  expect(readTotalMemory("MemTotal:       1024 kB\nMemFree: 3 kB\n")).toBe(1 << 20);
  const head = "Inter-|   Receive\n face |bytes\n";
  expect(
    parseNetDev(`${head}    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0:10 11 12 13 0 0 0 0 20 21 22 23 0 0 0 0\n`),
  ).toEqual({
    eth0: {
      rxBytes: 10,
      rxPackets: 11,
      rxErrors: 12,
      rxDropped: 13,
      txBytes: 20,
      txPackets: 21,
      txErrors: 22,
      txDropped: 23,
    },
  });
});
