/**
 * Every option of containers under both runtimes: what a container sees must not depend on which of them made it. What
 * is expected was seen on dockerd with runc; where nothing is (limits, which cgroups of either version show), the two
 * must agree.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { Daemon, sh } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
/** Of cgroups that containers are put below: like Docker, the engine leaves them to who named them. */
const parent = `berth-test-parent-${randomBytes(4).toString("hex")}`;
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  await sh(["find", "/sys/fs/cgroup", "-depth", "-type", "d", "-path", `*/${parent}*`, "-exec", "rmdir", "{}", ";"]);
  expect((await sh(["find", "/sys/fs/cgroup", "-type", "d", "-path", `*/${parent}*`])).stdout).toBe("");
});

type Body = Record<string, unknown>;
interface Outcome {
  code: number;
  output: string;
}

const MB = 1 << 20;
const host = (HostConfig: Body): Body => ({ HostConfig });
const mount = (entry: Body): Body => host({ Mounts: [entry] });
const tmpfs = (options: string): [Body, string] => [host({ Tmpfs: { "/m": options } }), "mount | grep ' /m '"];
const ulimit = (Name: string, Soft: number, Hard: number): Body => host({ Ulimits: [{ Name, Soft, Hard }] });
const status = "grep -E '^(Cap|NoNew|Seccomp:|Groups|Uid|Gid)' /proc/self/status";
const caps = (set: string) => expect.stringContaining(`CapBnd:\t${set}`);
/** Files of a controller, on whichever version of cgroups the machine has. */
const cgroup = (...files: string[]) =>
  `for f in ${files.join(" ")}; do cat /sys/fs/cgroup/*/$f /sys/fs/cgroup/$f 2>/dev/null; done; true`;

/** Runs a container to its end and gives what it said; a refusal counts as an outcome too. */
async function outcome(runtime: string, body: Body, command: string | string[]): Promise<Outcome> {
  const { HostConfig, ...config } = body;
  const created = await daemon.api("POST", "/containers/create", {
    Image: "busybox",
    Cmd: typeof command === "string" ? ["sh", "-c", command] : command,
    ...config,
    HostConfig: {
      LogConfig: { Type: "json-file" },
      ...(typeof HostConfig === "object" ? HostConfig : {}),
      Runtime: runtime,
    },
  });
  if (created.status !== 201) return { code: -created.status, output: created.json.message };
  const id: string = created.json.Id;
  try {
    const started = await daemon.api("POST", `/containers/${id}/start`);
    if (started.status !== 204) return { code: -started.status, output: started.json.message };
    const { StatusCode } = (await daemon.api("POST", `/containers/${id}/wait`)).json;
    const logs = await daemon.docker("logs", id);
    return { code: StatusCode, output: [logs.stdout, logs.stderr].join("") };
  } finally {
    await daemon.api("DELETE", `/containers/${id}?force=1&v=1`);
  }
}

const rows: [
  name: string,
  body: Body,
  command: string | string[],
  expected?: string | ReturnType<typeof expect.stringContaining>,
][] = [
  ["nothing", {}, `id; pwd; env | sort | grep -v HOSTNAME; ${status}; cat /proc/self/oom_score_adj`],
  ["the default capabilities", {}, status, caps("00000000a80425fb")],
  ["what mounts it has", {}, "mount | grep -E ' (/proc|/dev|/dev/pts|/sys|/dev/shm|/dev/mqueue) ' | sort"],
  ["memory", host({ Memory: 64 * MB }), cgroup("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max")],
  ["swap without limit", host({ Memory: 64 * MB, MemorySwap: -1 }), cgroup("memory.limit_in_bytes", "memory.max")],
  ["swap", host({ Memory: 64 * MB, MemorySwap: 100 * MB }), cgroup("memory.memsw.limit_in_bytes", "memory.swap.max")],
  [
    "reservation",
    host({ Memory: 64 * MB, MemoryReservation: 32 * MB }),
    cgroup("memory.soft_limit_in_bytes", "memory.low"),
  ],
  ["swappiness 0", host({ Memory: 64 * MB, MemorySwappiness: 0 }), cgroup("memory.swappiness")],
  ["no oom killer", host({ Memory: 64 * MB, OomKillDisable: true }), cgroup("memory.oom_control")],
  ["cpu shares", host({ CpuShares: 512 }), cgroup("cpu.shares", "cpu.weight")],
  [
    "cpu period and quota",
    host({ CpuPeriod: 50000, CpuQuota: 25000 }),
    cgroup("cpu.cfs_period_us", "cpu.cfs_quota_us", "cpu.max"),
  ],
  ["cpu quota", host({ CpuQuota: 25000 }), cgroup("cpu.cfs_quota_us", "cpu.max")],
  ["cpu quota without limit", host({ CpuQuota: -1 }), cgroup("cpu.cfs_quota_us", "cpu.max")],
  ["cpu period", host({ CpuPeriod: 50000 }), cgroup("cpu.cfs_period_us", "cpu.max")],
  ["cpus", host({ NanoCpus: 500_000_000 }), cgroup("cpu.cfs_quota_us", "cpu.max")],
  [
    "cpuset",
    host({ CpusetCpus: "0", CpusetMems: "0" }),
    "grep Cpus_allowed_list /proc/self/status",
    "Cpus_allowed_list:\t0\n",
  ],
  ["pids", host({ PidsLimit: 50 }), cgroup("pids.max"), expect.stringContaining("50")],
  ["pids without limit", host({ PidsLimit: -1 }), cgroup("pids.max"), expect.stringContaining("max")],
  [
    "ulimits",
    host({
      Ulimits: [
        { Name: "nofile", Soft: 100, Hard: 200 },
        { Name: "core", Soft: 0, Hard: 0 },
        { Name: "stack", Soft: MB, Hard: 2 * MB },
      ],
    }),
    "ulimit -n; ulimit -Hn; ulimit -c; ulimit -s",
    "100\n200\n0\n1024\n",
  ],
  ["few open files", ulimit("nofile", 20, 40), "ulimit -Sn; ulimit -Hn", "20\n40\n"],
  ["very few open files", ulimit("nofile", 13, 40), "ulimit -Sn; ulimit -Hn", "13\n40\n"],
  ["small files", ulimit("fsize", 1024, 1024), "ulimit -f", "2\n"],
  ["no files", ulimit("fsize", 0, 0), "ulimit -f", "0\n"],
  ["cpu time", ulimit("cpu", 1, 2), "ulimit -t", "1\n"],
  ["locked memory", ulimit("memlock", 65536, 65536), "ulimit -l", "64\n"],
  ["a small stack", ulimit("stack", 65536, 65536), "ulimit -s", "64\n"],
  ["the name of a limit in upper case", ulimit("NOFILE", 300, 400), "ulimit -n", "300\n"],
  ["a capability more", host({ CapAdd: ["NET_ADMIN"] }), status, caps("00000000a80435fb")],
  ["no capabilities", host({ CapDrop: ["ALL"] }), status, caps("0000000000000000")],
  ["one capability", host({ CapDrop: ["ALL"], CapAdd: ["CAP_CHOWN"] }), status, caps("0000000000000001")],
  ["all capabilities", host({ CapAdd: ["ALL"] }), status],
  ["capabilities of a user", { User: "33", HostConfig: { CapAdd: ["NET_ADMIN"] } }, status],
  [
    "privileged",
    host({ Privileged: true }),
    `${status}; touch /proc/sys/kernel/domainname && echo writable; mount | grep ' /sys '`,
    expect.stringContaining("writable"),
  ],
  ["privileged without one capability", host({ Privileged: true, CapDrop: ["CHOWN"] }), status],
  ["a user by number", { User: "33" }, "id", "uid=33(www-data) gid=33(www-data) groups=29(audio),33(www-data)\n"],
  ["a user by name", { User: "www-data" }, "id -u; echo $HOME", "33\n/var/www\n"],
  ["user and group", { User: "1234:5678" }, "id; echo $HOME", "uid=1234 gid=5678 groups=5678\n/\n"],
  ["a group alone", { User: ":33" }, "id -g", "33\n"],
  ["more groups", host({ GroupAdd: ["audio", "777"] }), "id -G", "0 29 777\n"],
  ["a directory that is not there", { WorkingDir: "/a/b c/d" }, "pwd; stat -c %a:%u /a", "/a/b c/d\n755:0\n"],
  ["the directory of a user", { WorkingDir: "/a/b", User: "33" }, "pwd; stat -c %a:%u /a/b", "/a/b\n755:0\n"],
  [
    "variables",
    { Env: ["A=b c", "A=d", "B", "TERM=foo", "C="] },
    "env | grep -E '^(A|B|C|TERM)=' | sort",
    "A=d\nC=\nTERM=foo\n",
  ],
  ["an empty HOME", { Env: ["HOME="] }, "echo $HOME", "/root\n"],
  ["an empty HOME of a user", { Env: ["HOME="], User: "33" }, "echo $HOME", "/var/www\n"],
  ["lines in a variable", { Env: ["X=a\nb\u2028ä"] }, 'echo "$X"', "a\nb\u2028ä\n"],
  [
    "a read-only root",
    host({ ReadonlyRootfs: true }),
    "touch /x 2>/dev/null; echo $?; touch /dev/x /dev/shm/x; echo $?; touch /etc/hosts 2>/dev/null; echo $?",
    "1\n0\n1\n",
  ],
  [
    "a read-only root with tmpfs",
    host({ ReadonlyRootfs: true, Tmpfs: { "/tmp": "", "/run": "mode=755" } }),
    "touch /tmp/x /run/x && stat -c %a /tmp /run",
    "1777\n755\n",
  ],
  [
    "the size of /dev/shm",
    host({ ShmSize: MB }),
    "df -k /dev/shm | tail -1 | awk '{print $2}'; mount | grep ' /dev/shm '",
    expect.stringContaining("1024\n"),
  ],
  ["no ipc", host({ IpcMode: "none" }), "mount | grep -c ' /dev/shm '", "0\n"],
  [
    "shareable ipc",
    host({ IpcMode: "shareable", ShmSize: MB }),
    "mount | grep ' /dev/shm '",
    expect.stringContaining("(rw,nosuid,nodev,noexec,relatime,size=1024k"),
  ],
  ["the host's pids", host({ PidMode: "host" }), "test $$ -gt 1 && echo many", "many\n"],
  ["the host's name", host({ UTSMode: "host" }), "hostname"],
  [
    "the host's network",
    host({ NetworkMode: "host" }),
    "test $(ls /sys/class/net | wc -l) -gt 1 && echo many",
    "many\n",
  ],
  ["a cgroup namespace", host({ CgroupnsMode: "private" }), "cut -d: -f3 /proc/self/cgroup | sort -u", "/\n"],
  ["an init", host({ Init: true }), "cat /proc/1/comm", "docker-init\n"],
  ["no init", host({ Init: false }), "cat /proc/1/comm; true", "sh\n"],
  ["an oom score", host({ OomScoreAdj: 500 }), "cat /proc/self/oom_score_adj", "500\n"],
  [
    "no new privileges",
    host({ SecurityOpt: ["no-new-privileges"] }),
    "grep NoNew /proc/self/status",
    "NoNewPrivs:\t1\n",
  ],
  [
    "no filter of system calls",
    host({ SecurityOpt: ["seccomp=unconfined"] }),
    "grep Seccomp: /proc/self/status",
    "Seccomp:\t0\n",
  ],
  ["no masked paths", host({ MaskedPaths: [], ReadonlyPaths: [] }), "mount | grep -c ' /proc/'", "0\n"],
  [
    "masked and read-only paths",
    host({ MaskedPaths: ["/etc/passwd", "/tmp", "/nosuch"], ReadonlyPaths: ["/home", "/nosuch2"] }),
    "cat /etc/passwd; ls -A /tmp; touch /home/x 2>/dev/null; echo $?",
    "1\n",
  ],
  [
    "a device to read",
    host({ Devices: [{ PathOnHost: "/dev/null", PathInContainer: "/dev/foo", CgroupPermissions: "r" }] }),
    "stat -c '%A %t:%T' /dev/foo; cat /dev/foo",
    "crw-rw-rw- 1:3\n",
  ],
  [
    "a device elsewhere",
    host({ Devices: [{ PathOnHost: "/dev/zero", PathInContainer: "/a/b/zero", CgroupPermissions: "rwm" }] }),
    "head -c1 /a/b/zero | wc -c",
    "1\n",
  ],
  [
    "tun, once it is made",
    host({ CapAdd: ["NET_ADMIN"] }),
    "mknod /tun c 10 200 && (: < /tun) 2>&1 | grep -c 'not permitted'",
  ],
  [
    "rules for devices",
    host({ DeviceCgroupRules: ["c 42:* rmw"] }),
    "sort /sys/fs/cgroup/devices/devices.list 2>/dev/null; true",
  ],
  [
    "sysctls",
    host({
      Sysctls: {
        "net.core.somaxconn": "99",
        "kernel.msgmax": "9000",
        "fs.mqueue.msg_max": "20",
        "net/ipv4/ip_default_ttl": "98",
      },
    }),
    "cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax /proc/sys/fs/mqueue/msg_max " +
      "/proc/sys/net/ipv4/ip_default_ttl",
    "99\n9000\n20\n98\n",
  ],
  [
    "a sysctl's wrong value",
    host({ Sysctls: { "net.ipv4.ip_default_ttl": "foo" } }),
    "true",
    expect.stringContaining("write /proc/sys/net/ipv4/ip_default_ttl: invalid argument"),
  ],
  [
    "a domain",
    { Domainname: "ex.org", Hostname: "h" },
    "hostname -f; cat /proc/sys/kernel/domainname",
    "h.ex.org\nex.org\n",
  ],
  ["a read-only bind", host({ Binds: ["/etc:/m:ro"] }), "touch /m/x 2>/dev/null; echo $?", "1\n"],
  [
    "a file bound",
    host({ Binds: ["/etc/hostname:/m/f:ro"] }),
    "(echo x > /m/f) 2>/dev/null; test -s /m/f && echo there",
    "there\n",
  ],
  [
    "a bind without what lies below",
    mount({ Type: "bind", Source: "/", Target: "/m", BindOptions: { NonRecursive: true } }),
    "mount | grep -c ' /m'",
    "1\n",
  ],
  [
    "a read-only bind with all below",
    mount({ Type: "bind", Source: "/sys", Target: "/m", ReadOnly: true }),
    "mount | grep ' /m' | grep -vc '(ro'",
    "0\n",
  ],
  ["a bind in /dev", host({ Binds: ["/etc/hostname:/dev/xx"] }), "test -s /dev/xx && echo there", "there\n"],
  ["a bind in a tmpfs", host({ Binds: ["/etc/hostname:/t/a/b"], Tmpfs: { "/t": "" } }), "ls /t/a", "b\n"],
  ["tmpfs", ...tmpfs(""), "tmpfs on /m type tmpfs (rw,nosuid,nodev,noexec,relatime)\n"],
  [
    "tmpfs with all rights",
    ...tmpfs("exec,suid,dev,noatime,size=1m,mode=700,uid=3,gid=4"),
    "tmpfs on /m type tmpfs (rw,noatime,size=1024k,mode=700,uid=3,gid=4)\n",
  ],
  ["tmpfs to read", ...tmpfs("ro"), "tmpfs on /m type tmpfs (ro,nosuid,nodev,noexec,relatime)\n"],
  ["tmpfs as by default", ...tmpfs("defaults"), "tmpfs on /m type tmpfs (rw,nosuid,nodev,noexec,relatime)\n"],
  ...["shared", "rshared", "slave", "rslave", "private", "rprivate", "unbindable", "runbindable"].map(
    (word): [string, Body, string, string] => [
      `tmpfs, ${word}`,
      ...tmpfs(word),
      "tmpfs on /m type tmpfs (rw,nosuid,nodev,noexec,relatime)\n",
    ],
  ),
  ["tmpfs over a directory", host({ Tmpfs: { "/home": "", "/tmp": "" } }), "stat -c %a /home /tmp", "755\n1777\n"],
  [
    "tmpfs as a mount",
    mount({ Type: "tmpfs", Target: "/m", TmpfsOptions: { SizeBytes: MB, Mode: 0o700 } }),
    "stat -c %a /m; df -k /m | tail -1 | awk '{print $2}'",
    "700\n1024\n",
  ],
  [
    "a program that is not there",
    {},
    ["nosuch"],
    expect.stringContaining('exec: "nosuch": executable file not found in $PATH'),
  ],
  [
    "a path that is not there",
    {},
    ["/no/such"],
    expect.stringContaining('exec: "/no/such": stat /no/such: no such file or directory'),
  ],
  ["a program without a name", {}, [""], expect.stringContaining('exec: "": executable file not found in $PATH')],
  ["a file that is no program", {}, ["/etc/passwd"], expect.stringContaining('exec: "/etc/passwd": permission denied')],
  ["a directory", {}, ["/etc"], expect.stringContaining('exec: "/etc": permission denied')],
  ["a NUL among the arguments", {}, ["echo", "a\0b"], 'invalid argument: "a\\u0000b" has a NUL character in it'],
  ["a terminal of a size", { Tty: true, HostConfig: { ConsoleSize: [30, 100] } }, "stty size; echo $TERM"],
  ["no network", { NetworkDisabled: true }, "ls /sys/class/net", "lo\n"],
  [
    "a cgroup's parent",
    host({ CgroupParent: `${parent}/deep` }),
    `cut -d: -f3 /proc/self/cgroup | grep -c ${parent}/deep`,
    expect.stringMatching(/^[1-9]/),
  ],
  [
    "writable cgroups",
    host({ SecurityOpt: ["writable-cgroups=true"] }),
    "mount | grep cgroup | grep -v tmpfs | grep -vc '(rw'",
    "0\n",
  ],
];

describe.concurrent("under crun as under runc", () => {
  test.each(rows.map(([name, body, command, expected]) => [name, { body, command, expected }] as const))(
    "%s",
    async (_name, { body, command, expected }) => {
      const crun = await outcome("crun", body, command);
      const runc = await outcome("runc", body, command);
      expect(crun).toEqual(runc);
      if (expected !== undefined) expect(crun.output).toEqual(expected);
    },
  );
});

test("the runtime that Docker calls its default is ours", async () => {
  expect(await outcome("io.containerd.runc.v2", {}, "echo hi")).toEqual({ code: 0, output: "hi\n" });
  expect((await daemon.api("GET", "/info")).json.Runtimes).toHaveProperty(["io.containerd.runc.v2"]);
});

describe("limits that are lifted again", () => {
  test.each(["crun", "runc"])("by %s", async (Runtime) => {
    const { Id } = (
      await daemon.api("POST", "/containers/create", {
        Image: "busybox",
        Cmd: ["sleep", "1000"],
        HostConfig: { Runtime, PidsLimit: 50, CpuQuota: 25000, Ulimits: [{ Name: "nofile", Soft: 30, Hard: 40 }] },
      })
    ).json;
    await daemon.api("POST", `/containers/${Id}/start`);
    const look = (...files: string[]) => daemon.ok("exec", Id, "sh", "-c", cgroup(...files));
    expect(await look("pids.max")).toContain("50");
    expect(await look("cpu.cfs_quota_us", "cpu.max")).toContain("25000");
    expect((await daemon.api("POST", `/containers/${Id}/update`, { PidsLimit: -1, CpuQuota: -1 })).json).toEqual({
      Warnings: null,
    });
    expect(await look("pids.max")).toContain("max");
    expect(await look("cpu.cfs_quota_us", "cpu.max")).toMatch(/-1|max/);
    expect((await daemon.api("GET", `/containers/${Id}/json`)).json.State.Running).toBe(true);
    // An exec has the container's limits, however low. (In runc 1.1 the runtime of Go may raise the soft one
    // meanwhile.)
    expect(await daemon.ok("exec", Id, "sh", "-c", "ulimit -Sn; ulimit -Hn")).toMatch(
      Runtime === "crun" ? /^30\n40$/ : /^[34]0\n40$/,
    );
    expect(await daemon.ok("exec", "-e", "HOME=", Id, "sh", "-c", "echo $HOME")).toBe("/root");
    await daemon.api("DELETE", `/containers/${Id}?force=1`);
  });
});
