import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { ContainerConfig, HostConfig } from "../../src/api/types/container.ts";
import type { SpecRequest } from "../../src/runtime/bundle/types.ts";
import { validateHostConfig } from "../../src/runtime/bundle/validate.ts";
import { killTask } from "../../src/runtime/kill.ts";
import { startTask } from "../../src/runtime/start.ts";
import { taskStats } from "../../src/runtime/stats.ts";
import { until } from "../harness.ts";
import { RuntimeHost } from "./host.ts";

/** Every option of a create request, seen from inside a container. On both runtimes. */
for (const runtime of ["crun", "runc"]) {
  describe(runtime, () => {
    const run = async (
      script: string,
      config: ContainerConfig = {},
      hostConfig: HostConfig = {},
      more: Partial<SpecRequest> = {},
      prepare = (_: RuntimeHost) => {},
    ) => {
      await using host = new RuntimeHost(runtime);
      prepare(host);
      const { stdout, stderr, exit } = await host.run(["sh", "-c", script], config, hostConfig, more);
      return { out: stdout.trim(), err: stderr.trim(), code: exit.exitCode };
    };
    const capabilities = "grep CapEff /proc/self/status | cut -f2";

    test("process: user, groups, directory, environment", async () => {
      const config = { User: "www", WorkingDir: "/a/b", Env: ["A=1", "PATH=/bin", "B"] };
      const { out } = await run(
        "id -u; id -g; id -G; pwd; echo $A $HOME $HOSTNAME $PATH; grep CapEff /proc/self/status | cut -f2",
        config,
        { GroupAdd: ["77"] },
        { hostname: "box" },
      );
      expect(out.split("\n")).toEqual(["33", "33", "33 50 77", "/a/b", "1 /var/www box /bin", "0000000000000000"]);
    });

    test("a working directory through links stays inside", async () => {
      const { out } = await run("pwd; ls -d /inside/new", { WorkingDir: "/link/new" }, {}, {}, ({ rootfs }) => {
        mkdirSync(join(rootfs, "inside"));
        symlinkSync("/../../inside", join(rootfs, "link"));
      });
      expect(out).toBe("/inside/new\n/inside/new");
      expect(existsSync("/inside")).toBe(false);
      await expect(run("true", { WorkingDir: "/etc/passwd/x" })).rejects.toThrow(
        "Cannot mkdir: /etc/passwd/x is not a directory",
      );
    });

    test("capabilities", async () => {
      expect((await run(capabilities)).out).toBe("00000000a80425fb");
      expect((await run(capabilities, {}, { CapAdd: ["net_admin"], CapDrop: ["CAP_MKNOD"] })).out).toBe(
        "00000000a00435fb",
      );
      expect((await run(capabilities, {}, { CapDrop: ["ALL"] })).out).toBe("0000000000000000");
      expect((await run(capabilities, {}, { CapDrop: ["all"], CapAdd: ["CHOWN"] })).out).toBe("0000000000000001");
      const all = readFileSync("/proc/self/status", "utf8").match(/CapEff:\t(\w+)/)?.[1] ?? "";
      expect((await run(capabilities, {}, { CapAdd: ["ALL"] })).out).toBe(all);
      expect((await run(capabilities, {}, { Privileged: true })).out).toBe(all);
    });

    test("privileged: devices, writable /sys, nothing masked, no filter", async () => {
      const { out } = await run(
        "ls /dev | wc -l; mount | grep -c 'sysfs.*ro,'; cat /proc/keys | wc -l; grep Seccomp: " +
          "/proc/self/status; mount -t tmpfs x /tmp && echo mounted",
        {},
        { Privileged: true },
        { namespaces: { network: "private", ipc: "private", pid: "private", uts: "private", cgroup: "host" } },
      );
      const [devices, readonly, keys, seccomp, mounted] = out.split("\n");
      expect(Number(devices)).toBeGreaterThan(20);
      expect(readonly).toBe("0");
      expect(Number(keys)).toBeGreaterThan(0);
      expect(seccomp).toBe("Seccomp:\t0");
      expect(mounted).toBe("mounted");
    });

    test("seccomp: default, unconfined, one's own; no-new-privileges", async () => {
      const probe =
        "unshare -U true 2>&1 | head -1; grep -E 'Seccomp:|NoNewPrivs' /proc/self/status | cut -f2 | tr '\\n' ' '";
      expect((await run(probe)).out).toMatch(/Operation not permitted\n0 2$/);
      expect((await run(probe, {}, { SecurityOpt: ["seccomp=unconfined", "no-new-privileges"] })).out).toBe("1 0");
      const profile = JSON.stringify({
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }],
      });
      expect((await run("mkdir /tmp/x 2>&1", {}, { SecurityOpt: [`seccomp=${profile}`] })).out).toContain(
        "No space left on device",
      );
    });

    test("masked and read-only paths", async () => {
      const probe = "cat /proc/keys | wc -l; ls /sys/firmware | wc -l; echo 1 > /proc/sys/kernel/panic; touch /sys/x";
      const { out, err } = await run(probe);
      expect(out).toBe("0\n0");
      expect(err.match(/Read-only file system/g)).toHaveLength(2);
      const open = await run("cat /proc/keys | wc -l", {}, { MaskedPaths: [], ReadonlyPaths: [] });
      expect(Number(open.out)).toBeGreaterThan(0);
    });

    test("a read-only root keeps /dev and tmpfs writable", async () => {
      const mounts = [{ destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "size=1m"] }];
      const { out, err } = await run(
        "touch /x; touch /tmp/x /dev/shm/x && echo fine; df -k /tmp | tail -1 | awk '{print $2}'",
        {},
        { ReadonlyRootfs: true },
        { mounts },
      );
      expect(err).toContain("Read-only file system");
      expect(out).toBe("fine\n1024");
    });

    test("mounts: binds, read-only, one's own /dev/shm", async () => {
      await using host = new RuntimeHost(runtime);
      mkdirSync(join(host.root, "data"));
      writeFileSync(join(host.root, "data/file"), "content");
      const mounts = [
        { destination: "/data", type: "bind", source: join(host.root, "data"), options: ["rbind", "ro", "rprivate"] },
      ];
      const { stdout, stderr } = await host.run(
        ["sh", "-c", "cat /data/file; touch /data/x; touch /dev/shm/from-inside"],
        {},
        {},
        { mounts, shmPath: join(host.root, "data") },
      );
      expect(stdout).toBe("content");
      expect(stderr).toContain("Read-only file system");
      expect(existsSync(join(host.root, "data/from-inside"))).toBe(true);
    });

    test("shm: size, none", async () => {
      expect((await run("df -k /dev/shm | tail -1 | awk '{print $2}'", {}, { ShmSize: 2 << 20 })).out).toBe("2048");
      expect((await run("mount | grep -c /dev/shm", {}, { IpcMode: "none" })).out).toBe("0");
    });

    test("devices: one, a directory of them, rules", async () => {
      const devices = [{ PathOnHost: "/dev/loop-control", PathInContainer: "/dev/control", CgroupPermissions: "r" }];
      const { out } = await run(
        "stat -c '%t:%T' /dev/control; (exec 3</dev/control) && echo readable; (exec 3>/dev/control) 2>&1 || " +
          "echo not writable",
        {},
        { Devices: devices },
      );
      expect(out.split("\n").filter((line) => !line.includes("can't"))).toEqual(["a:ed", "readable", "not writable"]);
      expect(
        (await run("ls /dev/input2", {}, { Devices: [{ PathOnHost: "/dev/net", PathInContainer: "/dev/input2" }] }))
          .out,
      ).toBe("tun");
      await expect(run("true", {}, { Devices: [{ PathOnHost: "/nonexistent" }] })).rejects.toThrow(
        'error gathering device information while adding custom device "/nonexistent": no such file or directory',
      );
      await expect(run("true", {}, { Devices: [{ PathOnHost: "/etc/passwd" }] })).rejects.toThrow("not a device node");
      const full = "mknod /dev/mem0 c 1 1 && (exec 3</dev/mem0) 2>&1 && echo opened";
      expect((await run(full)).out).not.toContain("opened");
      expect(
        (
          await run(
            "mknod /dev/kmsg0 c 1 11 && (exec 3</dev/kmsg0) && echo opened",
            {},
            { DeviceCgroupRules: ["c 1:11 r"], CapAdd: ["SYSLOG"] },
          )
        ).out,
      ).toContain("opened");
    });

    test("ulimits: asked for, defaults that do not fit, and what cannot be", async () => {
      expect(
        await run(
          "ulimit -Sn; ulimit -Hn; ulimit -c",
          {},
          {
            Ulimits: [
              { Name: "nofile", Soft: 100, Hard: 200 },
              { Name: "core", Soft: -1, Hard: -1 },
            ],
          },
        ).catch(String),
      ).toMatchObject(
        readFileSync("/proc/self/limits", "utf8").match(/core file size\s+\S+\s+unlimited/i)
          ? { out: "100\n200\nunlimited" }
          : { out: expect.stringContaining("100\n200\n") },
      );
      await using host = new RuntimeHost(runtime);
      const hard = host.facts.rlimits["NOFILE"];
      const defaults = {
        init: false,
        initPath: "",
        shmSize: 1 << 20,
        ulimits: [{ Name: "nofile", Soft: 1 << 40, Hard: 1 << 40 }],
        seccompProfile: "builtin",
        noNewPrivileges: false,
        cgroupParent: "",
      };
      if (hard !== undefined) {
        expect(
          (
            await host.run(
              ["sh", "-c", "ulimit -Hn"],
              {},
              {},
              { defaults: { ...defaults, ulimits: [{ Name: "nofile", Soft: 2 ** 40, Hard: 2 ** 40 }] } },
            )
          ).stdout.trim(),
        ).toBe(String(hard));
        await expect(
          host.run(["true"], {}, { Ulimits: [{ Name: "nofile", Soft: 2 ** 40, Hard: 2 ** 40 }] }),
        ).rejects.toThrow("CAP_SYS_RESOURCE");
      }
    });

    test("sysctls, hostname, domain name", async () => {
      const { out } = await run(
        "hostname; cat /proc/sys/kernel/domainname /proc/sys/net/ipv4/ip_unprivileged_port_start " +
          "/proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax",
        {},
        { Sysctls: { "net.core.somaxconn": "1234", "kernel.msgmax": "4321" } },
        { hostname: "box", domainname: "example.org" },
      );
      expect(out.split("\n")).toEqual(["box", "example.org", "0", "1234", "4321"]);
    });

    test("init reaps, and passes signals and exit codes on", async () => {
      const { out, code } = await run("cat /proc/1/comm; exit 9", {}, { Init: true });
      expect({ out, code }).toEqual({ out: "docker-init", code: 9 });
      await expect(
        run(
          "true",
          {},
          { Init: true },
          {
            defaults: {
              init: false,
              initPath: "/nonexistent",
              shmSize: 1,
              ulimits: [],
              seccompProfile: "builtin",
              noNewPrivileges: false,
              cgroupParent: "",
            },
          },
        ),
      ).rejects.toThrow("/nonexistent");
      // With the host's processes there is no first one to be.
      expect(
        (
          await run(
            "echo $$",
            {},
            { Init: true },
            { namespaces: { network: "private", ipc: "private", pid: "host", uts: "private", cgroup: "private" } },
          )
        ).out,
      ).not.toBe("1");
    });

    test("namespaces of the host", async () => {
      const namespaces = { network: "host", ipc: "host", pid: "host", uts: "host", cgroup: "host" } as const;
      const { out } = await run(
        "hostname; for n in net ipc uts pid cgroup; do readlink /proc/self/ns/$n; done",
        {},
        { NetworkMode: "host" },
        { namespaces, hostname: "" },
      );
      const ours = ["net", "ipc", "uts", "pid", "cgroup"].map((name) =>
        Bun.spawnSync(["readlink", `/proc/self/ns/${name}`])
          .stdout.toString()
          .trim(),
      );
      expect(out.split("\n")).toEqual([hostname(), ...ours]);
    });

    test("another container's namespaces", async () => {
      await using host = new RuntimeHost(runtime);
      const id = await host.start({ Cmd: ["sleep", "60"] });
      await startTask(host.deps, id);
      const { pid } = JSON.parse(readFileSync(join(host.root, "exec/containers", id, "task.json"), "utf8"));
      const join_ = (name: string) => ({ path: `/proc/${pid}/ns/${name}` });
      const { stdout } = await host.run(
        ["sh", "-c", "ps | grep -c '[s]leep 60'; for n in net ipc pid; do readlink /proc/self/ns/$n; done"],
        {},
        { NetworkMode: `container:${id}` },
        {
          namespaces: {
            network: join_("net"),
            ipc: join_("ipc"),
            pid: join_("pid"),
            uts: "private",
            cgroup: "private",
          },
        },
      );
      const theirs = ["net", "ipc", "pid"].map((name) =>
        Bun.spawnSync(["readlink", `/proc/${pid}/ns/${name}`])
          .stdout.toString()
          .trim(),
      );
      expect(stdout.trim().split("\n")).toEqual(["1", ...theirs]);
      await killTask(host.deps, id, 9);
    });

    test("limits reach the cgroup, and use is counted", async () => {
      await using host = new RuntimeHost(runtime);
      const hostConfig: HostConfig = {
        Memory: 64 << 20,
        MemorySwap: 64 << 20,
        MemoryReservation: 32 << 20,
        CpuShares: 512,
        NanoCpus: 500_000_000,
        CpusetCpus: "0",
        PidsLimit: 50,
        BlkioDeviceReadBps: [{ Path: "/dev/vda", Rate: 1 << 20 }],
        CgroupParent: `/berth-${host.instance}/nested`,
      };
      const { warnings } = validateHostConfig({}, hostConfig, host.facts);
      // What the machine has, or has not turned on, is not the request's fault.
      expect(warnings.filter((warning) => !/swap|forwarding/.test(warning))).toEqual([]);
      if (!existsSync("/dev/vda")) delete hostConfig.BlkioDeviceReadBps;
      const id = await host.start({ Cmd: ["sh", "-c", "while :; do :; done"] }, hostConfig);
      await startTask(host.deps, id);
      const read = (controller: string, file: string) =>
        readFileSync(
          join(
            host.cgroups.hierarchies[controller] ?? host.cgroups.unified ?? "",
            `berth-${host.instance}/nested`,
            id,
            file,
          ),
          "utf8",
        ).trim();
      if (host.cgroups.version === 1) {
        expect(read("memory", "memory.limit_in_bytes")).toBe(String(64 << 20));
        expect(read("memory", "memory.soft_limit_in_bytes")).toBe(String(32 << 20));
        expect(read("cpu", "cpu.shares")).toBe("512");
        expect(read("cpu", "cpu.cfs_quota_us")).toBe("50000");
        expect(read("cpuset", "cpuset.cpus")).toBe("0");
        if (hostConfig.BlkioDeviceReadBps)
          expect(read("blkio", "blkio.throttle.read_bps_device")).toContain(String(1 << 20));
      } else {
        expect(read("memory", "memory.max")).toBe(String(64 << 20));
        expect(read("cpu", "cpu.max")).toBe("50000 100000");
      }
      expect(read("pids", "pids.max")).toBe("50");
      await until(
        "the quota to bite",
        () => (taskStats(host.deps, id, { network: true }).cpu_stats?.throttling_data?.throttled_periods ?? 0) > 0,
      );
      const stats = taskStats(host.deps, id, { network: true });
      expect(stats.memory_stats).toMatchObject({ limit: 64 << 20 });
      expect(stats.memory_stats.usage).toBeGreaterThan(0);
      expect(stats.pids_stats).toEqual({ current: 1, limit: 50 });
      expect(stats.cpu_stats?.cpu_usage?.total_usage).toBeGreaterThan(10_000_000);
      expect(stats.networks).toEqual({});
      await killTask(host.deps, id, 9);
      await host.exit(id);
    });

    test("oom score and annotations", async () => {
      await using host = new RuntimeHost(runtime);
      const { stdout } = await host.run(
        ["cat", "/proc/self/oom_score_adj"],
        {},
        { OomScoreAdj: 321, Annotations: { "org.example.key": "value" } },
      );
      expect(stdout.trim()).toBe("321");
      const id = "a".repeat(64);
      expect((await host.spec(id, { Cmd: ["true"] }, { Annotations: { k: "v" } })).annotations).toEqual({ k: "v" });
    });
  });
}
