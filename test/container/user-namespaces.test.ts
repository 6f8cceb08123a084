/** Containers in user namespaces of their own (`userns-remap`): what they own inside, on disk and in archives. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Daemon, sh } from "../harness.ts";

setDefaultTimeout(120_000);
const scratch = mkdtempSync("/tmp/berth-userns-");
const subordinate = ["/etc/subuid", "/etc/subgid"];
let daemon: Daemon;

beforeAll(async () => {
  writeFileSync(join(scratch, "ids"), "nobody:200000:65536\nnogroup:200000:65536\n");
  for (const file of subordinate) await sh(["mount", "--bind", join(scratch, "ids"), file]);
  try {
    // The container's root passes through the folder that the rig has made.
    const onRoot = async (dataRoot: string) => chmodSync(dirname(dataRoot), 0o711);
    daemon = await Daemon.start({ args: ["--userns-remap", "nobody:nogroup"], onRoot });
  } finally {
    for (const file of subordinate) await sh(["umount", file]);
  }
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const run = (...args: string[]) => daemon.ok("run", "--rm", ...args);
const owner = (path: string) => {
  const { uid, gid } = statSync(path);
  return `${uid}:${gid}`;
};
/** Owners by the names in an archive. */
async function archived(...args: string[]): Promise<string> {
  const archive = join(scratch, "archive.tar");
  await sh(["sh", "-c", `docker ${args.join(" ")} >${archive}`], { env: { DOCKER_HOST: daemon.host } });
  const { stdout } = await sh(["tar", "--numeric-owner", "-tvf", archive]);
  return stdout.replace(/^\S+ +(\d+)\/(\d+) .* (\S+?)\/?$/gm, "$3 $1:$2").trim();
}

test("a container's root is nobody on the host, and owns inside what root owns in the image", async () => {
  const id = await daemon.ok("run", "-d", "busybox", "sh", "-c", "touch /x; chown 5:6 /x; mkdir /d; sleep 600");
  expect(await daemon.ok("exec", id, "sh", "-c", "id -u; tr -s ' ' <  /proc/self/uid_map")).toBe("0\n 0 200000 65536");
  expect(await daemon.ok("exec", "-u", "7:8", id, "id", "-u")).toBe("7");
  const { State, GraphDriver } = JSON.parse(await daemon.ok("inspect", id))[0];
  expect(owner(`/proc/${State.Pid}`)).toBe("200000:200000");
  expect(await daemon.ok("exec", id, "stat", "-c", "%n %u:%g", "/", "/etc", "/x", "/d", "/etc/hosts", "/dev/shm")).toBe(
    "/ 0:0\n/etc 0:0\n/x 5:6\n/d 0:0\n/etc/hosts 0:0\n/dev/shm 0:0",
  );
  // On disk everything is as in an image: no copy of a layer, and none when a container moves to the host's namespace.
  expect(owner(join(GraphDriver.Data.UpperDir, "x"))).toBe("5:6");
  expect(owner(join(GraphDriver.Data.UpperDir, "d"))).toBe("0:0");
  expect(await daemon.ok("diff", id)).toBe("A /d\nA /x");

  await daemon.kill();
  await daemon.up(["--userns-remap", ""]);
  expect(await daemon.ok("exec", id, "stat", "-c", "%u:%g", "/x")).toBe("5:6");
  expect(await archived("cp", `${id}:/x`, "-")).toBe("x 5:6");
  await daemon.ok("restart", "-t", "0", id);
  expect(await daemon.ok("exec", id, "sh", "-c", "stat -c %u:%g /; tr -s ' ' < /proc/self/uid_map")).toBe(
    "0:0\n 0 0 4294967295",
  );
  await daemon.ok("rm", "-f", id);
  for (const file of subordinate) await sh(["mount", "--bind", join(scratch, "ids"), file]);
  await daemon.restart();
  for (const file of subordinate) await sh(["umount", file]);
});

test("files come and go with the owners that the container sees", async () => {
  writeFileSync(join(scratch, "in"), "x");
  const id = await daemon.ok("create", "-w", "/work/dir", "-u", "33:44", "busybox", "sleep", "600");
  for (const state of ["created", "running"]) {
    if (state === "running") await daemon.ok("start", id);
    await daemon.ok("cp", "-a", join(scratch, "in"), `${id}:/work/dir/a`);
    await daemon.ok("cp", join(scratch, "in"), `${id}:/work/b`);
    const put = `tar -C ${scratch} --owner 1000 --group 2000 -c in | docker cp - ${id}:/work/dir`;
    await sh(["sh", "-c", put], { env: { DOCKER_HOST: daemon.host } });
    expect(await archived("cp", `${id}:/work`, "-")).toBe(
      "work 0:0\nwork/b 0:0\nwork/dir 0:0\nwork/dir/a 33:44\nwork/dir/in 1000:2000",
    );
  }
  expect(await daemon.ok("exec", id, "stat", "-c", "%u:%g", "/work/b", "/work/dir/in")).toBe("0:0\n1000:2000");
  expect(await archived("export", id)).toMatch(/\nwork\/dir\/in 1000:2000$/);
  const far = `tar -C ${scratch} --owner 70000 --group 0 -c in | docker cp - ${id}:/`;
  expect((await sh(["sh", "-c", far], { env: { DOCKER_HOST: daemon.host } })).stderr).toContain(
    'owner 70000:0 of "in" cannot be mapped to the host',
  );
  await daemon.ok("commit", id, "committed");
  await daemon.ok("rm", "-f", id);
  for (const mode of [[], ["--userns", "host"]])
    expect(await run(...mode, "-u", "0", "committed", "stat", "-c", "%u:%g", "/work/dir/in", "/work/b")).toBe(
      "1000:2000\n0:0",
    );
});

test("volumes are alike for all containers, filled from the image; binds are the host's", async () => {
  expect(
    await run(
      "-v",
      "data:/etc",
      "busybox",
      "sh",
      "-c",
      "touch /etc/mine; chown 9 /etc/mine; stat -c '%n %u:%g' /etc /etc/passwd /etc/mine",
    ),
  ).toBe("/etc 0:0\n/etc/passwd 0:0\n/etc/mine 9:0");
  const { Mountpoint } = JSON.parse(await daemon.ok("volume", "inspect", "data"))[0];
  expect([owner(join(Mountpoint, "passwd")), owner(join(Mountpoint, "mine"))]).toEqual(["0:0", "9:0"]);
  expect(await run("--userns", "host", "-v", "data:/v", "busybox", "stat", "-c", "%u", "/v/mine")).toBe("9");
  const id = await daemon.ok("create", "-v", "data:/v", "busybox");
  expect(await archived("cp", `${id}:/v/mine`, "-")).toBe("mine 9:0");
  await daemon.ok("rm", id);
  chmodSync(scratch, 0o711);
  expect(
    await run("-v", `${scratch}:/m`, "busybox", "sh", "-c", "stat -c %u:%g /m; touch /m/x 2>&1 | sed 's/.*: //'"),
  ).toBe("65534:65534\nPermission denied");
});

test("binds whose owner is the container's user", async () => {
  expect(await run("-u", "3", "-v", `${scratch}:/m:idmap`, "busybox", "sh", "-c", "stat -c %u /m; touch /m/made")).toBe(
    "3",
  );
  expect(owner(join(scratch, "made"))).toBe("0:0");
});

test("what needs root on the host is refused, in Docker's words; the host's namespace is to be had", async () => {
  const refused = async (...args: string[]) => {
    const { exitCode, stderr } = await daemon.docker("run", "--rm", ...args, "busybox", "true");
    return [exitCode, stderr.split("\n")[0]?.replace("docker: Error response from daemon: ", "")];
  };
  expect(await refused("--privileged")).toEqual([
    125,
    "privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when " +
      "running privileged mode",
  ]);
  expect(await refused("--network", "host")).toEqual([
    125,
    "cannot share the host's network namespace when user namespaces are enabled",
  ]);
  expect(await refused("--pid", "host")).toEqual([
    125,
    "cannot share the host PID namespace when user namespaces are enabled",
  ]);
  expect(
    await run("--userns", "host", "--privileged", "--network", "host", "busybox", "stat", "-c", "%u", "/etc"),
  ).toBe("0");
  const { json } = await daemon.api("GET", "/info");
  expect(json.SecurityOptions).toContain("name=userns");
});

test("root has its network, its mounts and its terminal; containers that share it share the namespace", async () => {
  const id = await daemon.ok(
    "run",
    "-d",
    "--init",
    "--ipc",
    "shareable",
    "--cap-add",
    "NET_ADMIN",
    "busybox",
    "sleep",
    "600",
  );
  expect(await daemon.ok("exec", id, "sh", "-c", "ip addr add 10.9.9.9/32 dev lo && ip addr | grep -c 10.9.9.9")).toBe(
    "1",
  );
  expect(await daemon.ok("exec", id, "sh", "-c", "ping -c1 -w5 127.0.0.1 | grep -c 'bytes from'")).toBe("1");
  expect(await daemon.ok("exec", "-t", id, "sh", "-c", "tty; stat -c %u /dev/pts/0")).toMatch(/\/dev\/pts\/0\s+0/);
  const shared = ["network", "ipc", "pid"].flatMap((kind) => [`--${kind}`, `container:${id}`]);
  expect(
    await run(
      ...shared,
      "busybox",
      "sh",
      "-c",
      "ip addr | grep -c 10.9.9.9; ls -ld /proc/1/root >/dev/null && echo in",
    ),
  ).toBe("1\nin");
  await daemon.ok("rm", "-f", id);
  const script = "touch /t/x && stat -c %u:%g /t /t/x && mount | grep -c ' / .*ro'";
  expect(await run("--read-only", "--tmpfs", "/t", "busybox", "sh", "-c", script)).toBe("0:0\n0:0\n1");
  expect(await run("--device", "/dev/fuse", "busybox", "stat", "-c", "%t:%T", "/dev/fuse")).toBe("a:e5");
  expect(await run("--mount", "type=image,src=busybox,dst=/i", "busybox", "stat", "-c", "%u", "/i/etc")).toBe("0");
});

test("runc does the same", async () => {
  const script = "touch /v/x && stat -c %u:%g /etc /v/x && ping -c1 -w5 127.0.0.1 | grep -c 'bytes from'";
  expect(await run("--runtime", "runc", "-v", "kept:/v", "busybox", "sh", "-c", script)).toBe("0:0\n0:0\n1");
});

test("builds give the owners that they give without", async () => {
  writeFileSync(join(scratch, "Dockerfile"), "FROM busybox\nCOPY in /in\nRUN touch /made && chown 8:9 /made\nUSER 5\n");
  expect((await daemon.berth("build", "-t", "built", scratch)).exitCode).toBe(0);
  expect(await run("built", "sh", "-c", "id -u; stat -c '%n %u:%g' /in /made")).toBe("5\n/in 0:0\n/made 8:9");
});
