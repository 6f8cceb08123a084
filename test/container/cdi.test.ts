/** Devices by name: what files of the Container Device Interface describe is what a container, or a build, gets. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compose, dockerPrograms } from "../clients/debian.ts";
import { Daemon, dockerClients, sh } from "../harness.ts";

const scratch = mkdtempSync("/tmp/berth-cdi-");
const dirs = { first: join(scratch, "first"), second: join(scratch, "second") };
let daemon: Daemon;

const put = (file: string, text: string, dir: keyof typeof dirs = "first") =>
  writeFileSync(join(dirs[dir], file), text, { mode: 0o644 });

/** One device that only sets a variable. */
const plain = (kind: string, name: string, value: string) =>
  JSON.stringify({
    cdiVersion: "0.5.0",
    kind,
    devices: [{ name, containerEdits: { env: [`VALUE=${value}`] } }],
  });

beforeAll(async () => {
  for (const dir of Object.values(dirs)) mkdirSync(dir, { mode: 0o755 });
  daemon = await Daemon.start({ args: Object.values(dirs).flatMap((dir) => ["--cdi-spec-dir", dir]) });
});
beforeEach(() => {
  for (const dir of Object.values(dirs)) {
    rmSync(dir, { recursive: true });
    mkdirSync(dir, { mode: 0o755 });
  }
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const failure = async (...args: string[]) => {
  const { exitCode, stderr } = await daemon.docker("run", "--rm", ...args);
  return [exitCode, stderr.split("\n")[0]?.replace("docker: Error response from daemon: ", "")];
};

test("all edits of a device, and once those that its file shares", async () => {
  const told = join(scratch, "told");
  mkdirSync(join(scratch, "library"));
  writeFileSync(join(scratch, "library", "name"), "of the vendor\n");
  writeFileSync(join(scratch, "hook"), `#!/bin/sh\nprintf '%s ' "$0" "$@" "$WHO" >>${told}\ncat >>${told}\n`);
  chmodSync(join(scratch, "hook"), 0o755);
  put(
    "all.yaml",
    `---
cdiVersion: 0.7.0
kind: vendor.com/thing
containerEdits:
  env: [ SHARED=yes, PATH=/vendor:/bin ]
  additionalGids: [ 777 ]
devices:
- name: a
  containerEdits:
    env:
    - A=1
    deviceNodes:
    - path: /dev/vendor/fuse
      hostPath: /dev/fuse
      fileMode: 0640
      uid: 1000
      gid: 0x3e8
      permissions: r
    - path: /dev/plain
      hostPath: /dev/full
    mounts:
    - hostPath: ${scratch}/library
      containerPath: /opt/library
      options: [ ro, nosuid, bind ]
    hooks:
    - hookName: createContainer
      path: ${scratch}/hook
      args: [ hook, one, two ]
      env: [ WHO=vendor ]
- name: b
  containerEdits:
    env: [ A=2 ]
`,
  );
  const script = [
    "echo $SHARED $A $PATH",
    "grep Groups /proc/self/status | tr -s '\\t ' ' ' | sed 's/ $//'",
    "stat -c '%a %u:%g %t:%T' /dev/vendor/fuse /dev/plain",
    "(: < /dev/vendor/fuse) && echo may read",
    "(: > /dev/vendor/fuse) 2>&1 | sed 's/.*: //'",
    "(echo > /dev/plain) 2>&1 | sed 's/.*: //'",
    "cat /opt/library/name; (echo > /opt/library/x) 2>&1 | sed 's/.*: //'",
  ].join("; ");
  const id = await daemon.ok(
    "create",
    ...["a", "b"].flatMap((name) => ["--device", `vendor.com/thing=${name}`]),
    "busybox",
    "sh",
    "-c",
    script,
  );
  expect(await daemon.ok("start", "-a", id)).toBe(
    `yes 2 /vendor:/bin
Groups: 0 777
640 1000:1000 a:e5
666 0:0 1:7
may read
Operation not permitted
No space left on device
of the vendor
Read-only file system`,
  );
  const [, args, state] = /^(.*?) (\{.*)$/s.exec(readFileSync(told, "utf8")) ?? [];
  expect(args).toBe(`${scratch}/hook one two vendor`);
  expect(JSON.parse(state ?? "")).toMatchObject({ id, status: expect.stringMatching(/^creat(ing|ed)$/) });
  expect(JSON.parse(await daemon.ok("inspect", id))[0].HostConfig.DeviceRequests).toEqual([
    {
      Driver: "cdi",
      Count: 0,
      DeviceIDs: ["vendor.com/thing=a", "vendor.com/thing=b"],
      Capabilities: null,
      Options: null,
    },
  ]);
  await daemon.ok("rm", id);
});

test("files are read anew without a restart; a later directory wins; JSON, YAML and its words", async () => {
  const value = (name: string) => daemon.ok("run", "--rm", "--device", name, "busybox", "sh", "-c", "echo $VALUE");
  put("x.json", plain("v.com/cls", "n", "1"));
  expect(await value("v.com/cls=n")).toBe("1");
  put("x.json", plain("v.com/cls", "n", "22"));
  expect(await value("v.com/cls=n")).toBe("22");
  put("y.yaml", plain("v.com/cls", "n", "second"), "second");
  expect(await value("v.com/cls=n")).toBe("second");
  rmSync(join(dirs.second, "y.yaml"));
  expect(await value("v.com/cls=n")).toBe("22");
  put("z.yaml", "cdiVersion: 0.5.0\nkind: v.com/yaml\ndevices:\n- name: y\n  containerEdits: {env: [VALUE=on]}\n");
  expect(await value("v.com/yaml=true")).toBe("on");
  expect(await failure("--device", "v.com/yaml=y", "busybox", "true")).toEqual([
    125,
    "CDI device injection failed: unresolvable CDI devices v.com/yaml=y",
  ]);
});

test("a file with a mistake is named; the others count; conflicts leave nobody", async () => {
  put("good.json", plain("v.com/cls", "good", "1"));
  put("bad.yaml", "{ cdiVersion: 0.5.0");
  put("old.json", plain("v.com/cls", "n", "1").replace("0.5.0", "9.9.0"));
  put("kind.json", plain("c", "n", "1"));
  put("gids.yaml", "cdiVersion: 0.5.0\nkind: v.com/g\ndevices: [{name: n, containerEdits: {additionalGids: [1]}}]");
  put("odd.yaml", "cdiVersion: 0.5.0\nkind: v.com/o\ndevices: [{name: n, containerEdits: {env: [A=1]}, extra: 1}]");
  put("one.json", plain("v.com/conf", "x", "1"));
  put("two.json", plain("v.com/conf", "x", "2"));
  put("open.json", plain("v.com/open", "x", "2"));
  chmodSync(join(dirs.first, "open.json"), 0o666);
  put("not-read.txt", "{");
  const { json } = await daemon.api("GET", "/v1.51/info");
  const at = (name: string) => join(dirs.first, name);
  expect(json.CDISpecDirs).toEqual([dirs.first, dirs.second]);
  expect(json.DiscoveredDevices).toEqual([{ Source: "cdi", ID: "v.com/cls=good" }]);
  const load = "failed to load CDI Spec";
  const conflict = `conflicting device "v.com/conf=x" (specs "${at("two.json")}", "${at("one.json")}")`;
  const wanted: Record<string, string | RegExp> = {
    "bad.yaml": new RegExp(
      `^${load} failed to parse CDI Spec "${at("bad.yaml")}": failed to unmarshal CDI Spec: error converting YAML to ` +
        "JSON: yaml: ",
    ),
    "gids.yaml": `${load} invalid CDI Spec: the spec version must be at least v0.7.0`,
    "kind.json": `${load} invalid CDI Spec: invalid vendor. empty name`,
    "odd.yaml":
      `${load} failed to parse CDI Spec "${at("odd.yaml")}": failed to unmarshal CDI Spec: error unmarshaling JSON: ` +
      'while decoding JSON: json: unknown field "extra"',
    "old.json": `${load} invalid CDI Spec: invalid version "9.9.0"`,
    "one.json": conflict,
    "open.json": new RegExp(`^${load} "${at("open.json")}": others than root may write it`),
    "two.json": conflict,
  };
  const warnings = json.Warnings.filter((warning: string) => warning.startsWith("CDI: "));
  expect(warnings).toEqual(
    Object.entries(wanted).map(([name, message]) => {
      const start = `CDI: Error associated with spec file ${at(name)}: `;
      return typeof message === "string"
        ? start + message
        : expect.stringMatching(new RegExp(`^${start}${message.source.slice(1)}`));
    }),
  );
  expect(await daemon.ok("info")).toContain("cdi: v.com/cls=good");
  expect((await daemon.api("GET", "/v1.49/info")).json).not.toHaveProperty("DiscoveredDevices");
  expect(await failure("--device", "v.com/conf=x", "--device", "v.com/open=x", "busybox", "true")).toEqual([
    125,
    "CDI device injection failed: unresolvable CDI devices v.com/conf=x, v.com/open=x",
  ]);
});

test("what cannot be had is refused at the start, as dockerd does, and nothing stays", async () => {
  put(
    "gone.yaml",
    "cdiVersion: 0.5.0\nkind: v.com/cls\ndevices:\n" +
      "- {name: gone, containerEdits: {deviceNodes: [{path: /dev/hpmissing}]}}\n" +
      "- {name: net, containerEdits: {netDevices: [{hostInterfaceName: eth7, name: eth1}]}}\n",
  );
  put(
    "net.yaml",
    "cdiVersion: 1.1.0\nkind: v.com/net\ndevices:\n" +
      "- {name: eth, containerEdits: {netDevices: [{hostInterfaceName: eth7, name: eth1}]}}\n",
  );
  put(
    "good.yaml",
    "cdiVersion: 0.5.0\nkind: v.com/dev\ndevices:\n" +
      "- {name: x, containerEdits: {deviceNodes: [{path: /dev/hpmissing}]}}\n",
  );
  expect(await failure("--device", "v.com/dev=x", "busybox", "true")).toEqual([
    // By the text; the client's doing.
    127,
    'CDI device injection failed: failed to inject devices: failed to stat CDI host device "/dev/hpmissing": no such ' +
      "file or directory",
  ]);
  expect(await failure("--device", "v.com/net=eth", "busybox", "true")).toEqual([
    125,
    expect.stringMatching(/^the runtime \w+ cannot move network devices into a container$/),
  ]);
  expect(await failure("--gpus", "all", "busybox", "true")).toEqual([
    125,
    'could not select device driver "" with capabilities: [[gpu]]',
  ]);
  const start = async (request: object) => {
    const HostConfig = { DeviceRequests: [request] };
    const { json } = await daemon.api("POST", "/containers/create", { Image: "busybox", Cmd: ["true"], HostConfig });
    const answer = await daemon.api("POST", `/containers/${json.Id}/start`);
    await daemon.ok("rm", "-f", json.Id);
    return [answer.status, answer.json?.message ?? ""];
  };
  expect(await start({ Driver: "cdi", Count: 1, DeviceIDs: ["v.com/dev=x"] })).toEqual([
    500,
    "unexpected count in CDI device request",
  ]);
  expect(await start({ Driver: "cdi", DeviceIDs: ["v.com/dev=x"], Options: { a: "b" } })).toEqual([
    500,
    "unexpected options in CDI device request",
  ]);
  expect(await start({ Driver: "cdi" })).toEqual([204, ""]);
  expect(await daemon.ok("ps", "-aq")).toBe("");
});

test("graphics processors by number, by name and all of them, where the vendor describes them", async () => {
  const devices = ["0", "1", "10", "GPU-aa", "all"].map((name) => ({
    name,
    containerEdits: { env: [`GPU_${name.replace("-", "_")}=1`] },
  }));
  put("gpu.json", JSON.stringify({ cdiVersion: "0.5.0", kind: "nvidia.com/gpu", devices }));
  const got = async (gpus: string) => {
    const script = "env | grep ^GPU_ | sort | tr '\\n' ' '";
    return (await daemon.ok("run", "--rm", "--gpus", gpus, "busybox", "sh", "-c", script)).trim();
  };
  expect(await got("all")).toBe("GPU_all=1");
  expect(await got("2")).toBe("GPU_0=1 GPU_1=1");
  expect(await got('"device=GPU-aa,10"')).toBe("GPU_10=1 GPU_GPU_aa=1");
  expect(await got("driver=cdi,device=nvidia.com/gpu=0")).toBe("GPU_0=1");
  expect(await failure("--gpus", "4", "busybox", "true")).toEqual([
    125,
    'could not select 4 devices of "nvidia.com/gpu": this machine offers 3',
  ]);
  expect(await failure("--gpus", "driver=amd", "busybox", "true")).toEqual([
    125,
    'could not select device driver "amd" with capabilities: [[gpu]]',
  ]);
});

test("Compose asks for devices in both of its ways", async () => {
  put("x.json", plain("v.com/cls", "n", "1"));
  put(
    "gpu.json",
    JSON.stringify({
      cdiVersion: "0.5.0",
      kind: "nvidia.com/gpu",
      devices: [{ name: "0", containerEdits: { env: ["GPU=0"] } }],
    }),
  );
  const project = join(scratch, "project");
  mkdirSync(project);
  writeFileSync(
    join(project, "compose.yaml"),
    `services:
  one:
    image: busybox
    command: sh -c 'echo "$$VALUE"'
    deploy: {resources: {reservations: {devices: [{driver: cdi, device_ids: [v.com/cls=n], capabilities: [any]}]}}}
  two:
    image: busybox
    command: sh -c 'echo "gpu $$GPU"'
    deploy: {resources: {reservations: {devices: [{count: all, capabilities: [gpu]}]}}}
  three:
    image: busybox
    command: sh -c 'echo > /dev/nothing && echo written'
    devices: [ "/dev/null:/dev/nothing:w" ]
`,
  );
  const run = (...args: string[]) =>
    sh(
      [
        dockerClients[0] ?? "docker",
        "--config",
        plugins,
        "compose",
        "--ansi",
        "never",
        "-f",
        join(project, "compose.yaml"),
        ...args,
      ],
      { env: { DOCKER_HOST: daemon.host } },
    );
  const plugins = await compose();
  const { stdout, stderr } = await run("up", "--no-color");
  const lines = stdout.split("\n").filter((line) => /\| /.test(line));
  expect(lines.map((line) => line.replace(/^.*?([a-z]+)-1 +\| +/, "$1 ")).sort(), stdout + stderr).toEqual([
    "one 1",
    "three written",
    "two gpu 0",
  ]);
  await run("down");
});

test("builds get devices that they are granted", async () => {
  put("x.json", plain("v.com/cls", "n", "1"));
  put(
    "free.yaml",
    `cdiVersion: 0.6.0
kind: v.com/free
annotations: { org.mobyproject.buildkit.device.autoallow: "true", org.mobyproject.buildkit.device.class: class1 }
devices:
- name: n
  containerEdits:
    env: [ FREE=1 ]
    deviceNodes: [ { path: /dev/vendor/zero, hostPath: /dev/zero } ]
    mounts: [ { hostPath: ${scratch}, containerPath: /opt/vendor, options: [ ro, bind ] } ]
`,
  );
  const context = join(scratch, "context");
  mkdirSync(context);
  const { docker, plugins } = await dockerPrograms();
  const config = join(scratch, "config");
  mkdirSync(join(config, "cli-plugins"), { recursive: true });
  symlinkSync(join(plugins, "docker-buildx"), join(config, "cli-plugins", "docker-buildx"));
  const clients = {
    berth: (args: string[]) => daemon.berth("build", ...args),
    docker: (args: string[]) =>
      sh([docker, "--config", config, "build", ...args], { env: { DOCKER_HOST: daemon.host, DOCKER_BUILDKIT: "1" } }),
  };
  const build = async (client: keyof typeof clients, device: string, ...flags: string[]) => {
    const command = 'echo "value $VALUE free $FREE $(ls /dev/vendor 2>/dev/null)" >/told';
    writeFileSync(join(context, "Dockerfile"), `FROM busybox\nRUN --device=${device} ${command}\n`);
    const { exitCode, stderr, stdout } = await clients[client]([
      "--progress",
      "plain",
      "-t",
      "built",
      ...flags,
      context,
    ]);
    // Nothing of what a device brought is in the image.
    const look = "cat /told; ls -d /opt /dev/vendor 2>/dev/null";
    return exitCode === 0 ? daemon.ok("run", "--rm", "built", "sh", "-c", `${look}; true`) : stdout + stderr;
  };
  for (const client of ["berth", "docker"] as const) {
    expect(await build(client, "v.com/cls=n")).toContain(
      "device v.com/cls=n is requested by the build but not allowed",
    );
    expect(await build(client, "v.com/cls=x,required")).toContain('required device "v.com/cls=x" is not registered');
    expect(await build(client, "v.com/cls=x")).toBe("value  free");
    expect(await build(client, "v.com/free=*")).toBe("value  free 1 zero");
    expect(await build(client, "class1")).toBe("value  free 1 zero");
  }
  expect(await build("berth", "v.com/cls=n", "--allow", "device")).toBe("value 1 free");
  expect(await build("berth", "v.com/cls", "--allow", "device=v.com/cls=n")).toBe("value 1 free");
});

test("device files, directories of them, and rules by number", async () => {
  const run = async (options: string, script: string) => {
    const { stdout, stderr } = await daemon.docker("run", "--rm", ...options.split(" "), "busybox", "sh", "-c", script);
    return (stdout + stderr).trim().replace(/^docker: Error response from daemon: |\n[^]*$/g, "");
  };
  const tried = (path: string) => `(: <${path}) && echo read; (: >${path}) 2>&1 | sed 's/.*: //'`;
  expect(await daemon.ok("run", "--rm", "--device", "/dev/fuse:/dev/x:r", "busybox", "sh", "-c", tried("/dev/x"))).toBe(
    "read\nOperation not permitted",
  );
  expect(await run("--device /dev/net:/dev/mine", "stat -c %t:%T /dev/mine/tun")).toBe("a:c8");
  const gathering = "error gathering device information while adding custom device";
  expect(await run("--device /etc/passwd", "true")).toBe(`${gathering} "/etc/passwd": not a device node`);
  expect(await run("--device /dev/nope", "true")).toBe(`${gathering} "/dev/nope": no such file or directory`);
  const made = `mknod /f c 10 229; ${tried("/f")}`;
  const ruled = async (rule: string) =>
    daemon.ok("run", "--rm", "--device-cgroup-rule", rule, "busybox", "sh", "-c", made);
  expect(await ruled("c 10:229 r")).toBe("read\nOperation not permitted");
  expect(await ruled("c 10:* rw")).toBe("read");
  expect(await ruled("b 7:* rwm")).toBe("Operation not permitted");
});
