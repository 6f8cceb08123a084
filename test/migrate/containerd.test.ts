/** Images of containerd's store, as newer dockerds keep theirs, are taken over from a real containerd's content. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, sh, until } from "../harness.ts";
import { endRig } from "../leftovers.ts";
import { migrate, states } from "./request.ts";

const root = mkdtempSync("/tmp/berth-containerd-");
/** A dockerd with that store keeps no images itself. */
const docker = join(root, "docker");
const containerd = join(root, "containerd");
const socket = join(root, "sock");
let child: Bun.Subprocess;
const told = new Map<string, string>();

async function ctr(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await sh(["ctr", "--address", socket, "--namespace", "moby", ...args]);
  if (exitCode !== 0) throw new Error(`ctr ${args.join(" ")}: ${stderr}`);
  return stdout;
}

beforeAll(async () => {
  await using daemon = await Daemon.start();
  for (const name of ["first:1", "second:1"]) {
    const id = await daemon.ok("create", "busybox", "sh", "-c", `rm /bin/vi; echo ${name} > /name`);
    await daemon.ok("start", "-a", id);
    await daemon.ok("commit", id, name);
    told.set(name, await daemon.ok("image", "inspect", "-f", "{{.Id}} {{json .RootFS.Layers}}", name));
  }
  const archive = join(root, "images.tar");
  await daemon.ok("save", "-o", archive, "first:1", "second:1");
  mkdirSync(join(docker, "volumes"), { recursive: true });
  const disabled = '["io.containerd.grpc.v1.cri"]';
  writeFileSync(
    join(root, "containerd.toml"),
    `version = 2\nroot = "${containerd}"\nstate = "${root}/state"\ndisabled_plugins = ${disabled}\n` +
      `[grpc]\naddress = "${socket}"\n`,
  );
  child = Bun.spawn(["containerd", "--config", join(root, "containerd.toml")], { stdout: "ignore", stderr: "ignore" });
  await until("containerd to answer", async () => existsSync(socket) && (await ctr("version")).includes("Server"));
  await ctr("images", "import", "--no-unpack", archive);
}, 120_000);

afterAll(async () => {
  child?.kill();
  await child?.exited;
  await endRig({ root });
});

test("a containerd that runs is refused; images of one that is stopped come with all that they have", async () => {
  await using daemon = await Daemon.start({ images: [] });
  const request = { From: docker, Containerd: containerd };
  expect((await migrate(daemon, request)).error).toContain(`containerd runs on ${containerd}: stop it first`);
  const names = (await ctr("images", "list", "-q")).trim().split("\n").sort();
  expect(names).toEqual(["docker.io/library/first:1", "docker.io/library/second:1"]);
  child.kill();
  await child.exited;
  const { items } = await migrate(daemon, request);
  expect(states(items)).toEqual({ "image first:1": "taken", "image second:1": "taken" });
  for (const [name, image] of told) {
    expect(await daemon.ok("image", "inspect", "-f", "{{.Id}} {{json .RootFS.Layers}}", name)).toBe(image);
    const look = ["run", "--rm", "--network", "none", name, "sh", "-c", "cat /name; ls /bin/vi; true"];
    expect(await daemon.ok(...look)).toBe(name);
  }
  expect(states((await migrate(daemon, request)).items)).toEqual({
    "image first:1": "present",
    "image second:1": "present",
  });
});

test("damaged content is found, and its image left out and named", async () => {
  const blobs = join(containerd, "io.containerd.content.v1.content/blobs/sha256");
  const own = (name: string) =>
    JSON.parse(told.get(name)?.split(" ")[1] ?? "[]")
      .at(-1)
      .slice("sha256:".length);
  // Layers that were made there are saved as they are, uncompressed.
  const file = join(blobs, own("second:1"));
  truncateSync(file, statSync(file).size - 512);
  await using daemon = await Daemon.start({ images: [] });
  const { items } = await migrate(daemon, { From: docker, Containerd: containerd });
  expect(states(items)).toEqual({ "image first:1": "taken", "image second:1": "failed" });
  expect(items.find(({ State }) => State === "failed")?.Reason).toContain(own("second:1"));
  expect((await daemon.docker("image", "inspect", "second:1")).exitCode).toBe(1);
  expect((await migrate(daemon, { From: docker, Containerd: root })).error).toContain("is no data root of containerd");
});
