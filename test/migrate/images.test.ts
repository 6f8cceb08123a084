/** Images and volumes of a real dockerd are taken over as they were, and Docker's data is left as it is. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { tarEntry } from "../../src/lib/tar/entry.ts";
import { encodeHeader, endOfArchive } from "../../src/lib/tar/writer.ts";
import { getXattr } from "../../src/linux/xattr.ts";
import { Daemon, sh } from "../harness.ts";
import { RegistryProcess } from "../registry/process.ts";
import { migrate, states } from "./request.ts";
import { DockerSource } from "./source.ts";

let source: DockerSource;
const told: Record<string, { image: unknown; files: string }> = {};
const before: { volumes: unknown[]; listing: string[]; volumeFiles: string } = {
  volumes: [],
  listing: [],
  volumeFiles: "",
};

const dockerfile = `
FROM busybox
LABEL made=here
ENV X=1
ADD attributes.tar /attributes
COPY one two /copied/
RUN mkdir -p /opaque/below /some && echo 1 > /opaque/below/f && echo 2 > /some/x && echo 3 > /gone && chmod 1777 /some
RUN rm -rf /opaque && mkdir /opaque && echo new > /opaque/n && rm /gone /some/x
RUN echo h > /h1 && ln /h1 /h2 && ln -s /h1 /s && mknod /null c 1 3 && mkfifo /pipe && cp /bin/busybox /suid && \\
    chown 5:7 /h1 && chmod 4755 /suid
VOLUME /data
EXPOSE 80/tcp
HEALTHCHECK --interval=7s CMD true
ENTRYPOINT ["sh", "-c"]
CMD ["echo out"]
`;

/** Every file of an image with what an archive says of it, and its content. */
const listFiles =
  "find / -xdev ! -path '/dev*' ! -path '/proc*' ! -path '/sys*' ! -path '/data*' ! -name hosts ! -name hostname " +
  "! -name resolv.conf ! -name mtab ! -path / ! -path /etc ! -name .dockerenv ! -name run | sort | while read -r f; " +
  'do stat -c "%n %f %u %g %t %T %Y" "$f" | sed "/ 4/s/ [0-9]*$//"; [ -L "$f" ] && readlink "$f"; ' +
  '[ -f "$f" ] && [ ! -L "$f" ] && sha256sum "$f" && stat -c "%s" "$f"; done; true';
const images = ["app:1", "small:x", "busybox:latest"];
const look = (image: string) => ["run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", listFiles];
const volumeScript = 'cd /v; find . | sort | while read -r f; do stat -c "%n %f %u %g %h %s %Y" "$f"; done; cat f';

function withCapability(): Uint8Array {
  const value = Uint8Array.from([1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  const entry = tarEntry({ name: "ping", mode: 0o755, mtime: 1_600_000_000, size: 4 });
  const header = encodeHeader({ ...entry, xattrs: new Map([["security.capability", value]]) });
  return Buffer.concat([header, Buffer.from("ping"), new Uint8Array(508), endOfArchive()]);
}

beforeAll(async () => {
  source = await DockerSource.start();
  await source.build("app:1", dockerfile, { "attributes.tar": withCapability(), one: "1", two: "2".repeat(100_000) });
  await source.build("small:x", "FROM busybox\nRUN echo small > /small\n");
  await source.ok("tag", "app:1", "registry.example.com:5000/team/app:2");
  await source.ok("volume", "create", "--label", "a=b", "kept");
  await source.ok("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=1m", "elsewhere");
  const fill = "echo hi > /v/f; ln /v/f /v/g; mkdir /v/d; chown 9:9 /v/d; chmod 2711 /v; mkfifo /v/p; ln -s f /v/l";
  await source.ok("run", "--rm", "--network", "none", "-v", "kept:/v", "busybox", "sh", "-c", fill);
  before.volumeFiles = await source.ok("run", "--rm", "-v", "kept:/v", "busybox", "sh", "-c", volumeScript);
  for (const image of images)
    told[image] = {
      image: JSON.parse(await source.ok("image", "inspect", image))[0],
      files: await source.ok(...look(image)),
    };
  before.volumes = JSON.parse(await source.ok("volume", "inspect", "kept", "elsewhere"));
  await source.stop();
  before.listing = source.listing();
});

afterAll(async () => {
  await source?.[Symbol.asyncDispose]();
});

/** What must be as it was. Sizes, ids of drivers and times of tags are the engine's own. */
function essence(image: unknown): unknown {
  const { Id, RepoTags, Config, RootFS, Architecture, Os, Created, Author } = Object(image);
  const { Env, Cmd, Labels, Volumes, ExposedPorts, Entrypoint, Healthcheck } = Config;
  const config = { Env, Cmd, Labels, Volumes, ExposedPorts, Entrypoint, Healthcheck };
  return { Id, RepoTags: [...RepoTags].sort(), config, RootFS, Architecture, Os, Created, Author };
}

test("images have their ids, configurations, names and files; volumes their labels, options and data", async () => {
  await using daemon = await Daemon.start({ images: [] });
  const planned = await daemon.berth("migrate", "docker", "--from", source.data, "--dry-run");
  expect(planned.stdout).toMatch(/image +app:1 +take/);
  expect(planned.stdout).toMatch(/volume +kept +take/);
  expect(await daemon.ok("image", "ls", "-q")).toBe("");
  const { exitCode, stderr } = await daemon.berth("migrate", "docker", "--from", source.data);
  expect([exitCode, stderr]).toEqual([0, ""]);
  for (const image of images) {
    const [taken] = JSON.parse(await daemon.ok("image", "inspect", image));
    expect(essence(taken)).toEqual(essence(told[image]?.image));
    expect(await daemon.ok(...look(image))).toBe(told[image]?.files ?? "");
  }
  const volumes: unknown[] = JSON.parse(await daemon.ok("volume", "inspect", "kept", "elsewhere"));
  // The older one tells when the data was last changed.
  const ownPlace = (volume: unknown) => ({ ...Object(volume), Mountpoint: "", CreatedAt: "" });
  expect(volumes.map(ownPlace)).toEqual(before.volumes.map(ownPlace));
  expect(await daemon.ok("run", "--rm", "-v", "kept:/v", "busybox", "sh", "-c", volumeScript)).toBe(before.volumeFiles);
  // Files of layers are the same files, where nobody ever writes. Those of volumes are not.
  const inode = (root: string, name: string) =>
    readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(name))
      .map((path) => statSync(join(root, path)).ino);
  expect(inode(join(daemon.dataRoot, "layers"), "copied/two")).toEqual(
    inode(join(source.data, "overlay2"), "diff/copied/two"),
  );
  expect(inode(join(daemon.dataRoot, "volumes"), "_data/f")).not.toEqual(
    inode(join(source.data, "volumes"), "kept/_data/f"),
  );
  const capable = readdirSync(join(daemon.dataRoot, "layers"), { recursive: true, encoding: "utf8" }).find((path) =>
    path.endsWith("attributes/ping"),
  );
  expect(getXattr(join(daemon.dataRoot, "layers", capable ?? ""), "security.capability")?.length).toBe(20);
  // What is pushed and saved has the archives that Docker knew: each is held against its digest.
  const saved = await sh(["sh", "-c", `DOCKER_HOST=${daemon.host} docker save app:1 | tar -t`]);
  const diffIds: string[] = Object(told["app:1"]?.image).RootFS.Layers;
  for (const diffId of diffIds) expect(saved.stdout).toContain(`blobs/sha256/${diffId.slice("sha256:".length)}`);
  // A second time there is nothing to do.
  expect(new Set(Object.values(states((await migrate(daemon, { From: source.data })).items)))).toEqual(
    new Set(["present"]),
  );
  expect(source.listing()).toEqual(before.listing);
});

test("what was taken can be pushed, pulled back as the same image, and built upon", async () => {
  await using registry = await RegistryProcess.start();
  await using daemon = await Daemon.start({ images: [], args: ["--insecure-registry", registry.address] });
  await migrate(daemon, { From: source.data, Images: true });
  const name = `${registry.address}/app:1`;
  const id = await daemon.ok("image", "inspect", "-f", "{{.Id}}", "app:1");
  await daemon.ok("tag", "app:1", name);
  await daemon.ok("push", name);
  const context = mkdtempSync(join(source.root, "upon-"));
  writeFileSync(join(context, "Dockerfile"), "FROM app:1\nENTRYPOINT []\nRUN rm /copied/one\n");
  await daemon.ok("build", "-q", "-t", "upon", context);
  await daemon.ok("rmi", "-f", "upon", id);
  expect((await daemon.docker("image", "inspect", "app:1")).exitCode).toBe(1);
  await daemon.ok("pull", "-q", name);
  expect(await daemon.ok("image", "inspect", "-f", "{{.Id}}", name)).toBe(id);
  expect(await daemon.ok(...look(name))).toBe(told["app:1"]?.files ?? "");
});

test("an engine that copies layers takes the same, and a request may forbid to share files", async () => {
  await using daemon = await Daemon.start({ images: [], args: ["--storage-driver", "vfs"] });
  const { items } = await migrate(daemon, { From: source.data, Copy: true, Images: true });
  expect(items.every(({ State, Shared }) => State === "taken" && Shared === 0)).toBe(true);
  for (const image of images) expect(await daemon.ok(...look(image))).toBe(told[image]?.files ?? "");
});

test("images that were taken can be removed at once, and give their room back", async () => {
  await using daemon = await Daemon.start({ images: [] });
  await migrate(daemon, { From: source.data, Images: true });
  const layers = join(daemon.dataRoot, "layers/sha256");
  expect(readdirSync(layers)).not.toEqual([]);
  await daemon.ok("image", "prune", "--all", "--force");
  expect(readdirSync(layers)).toEqual([]);
});

test("what is here already stays; names choose", async () => {
  await using daemon = await Daemon.start();
  const own = await daemon.ok("image", "ls", "-q", "--no-trunc", "busybox");
  await daemon.ok("volume", "create", "kept");
  const { items } = await migrate(daemon, { From: source.data, Names: ["small:x", "kept"] });
  expect(states(items)).toEqual({ "image small:x": "taken", "volume kept": "present" });
  expect(await daemon.ok("image", "ls", "-q", "--no-trunc", "busybox")).toBe(own);
  const busybox = (await migrate(daemon, { From: source.data, Images: true, Names: ["busybox"] })).items[0];
  expect([busybox?.State, busybox?.Reason]).toEqual([
    "taken",
    "stands for another image here, and is left so: busybox:latest",
  ]);
  expect(await daemon.ok("image", "ls", "-q", "--no-trunc", "busybox")).toBe(own);
  expect((await migrate(daemon, { From: source.data, Names: ["nobody"] })).error).toContain(
    "there is nothing named nobody in",
  );
});

test("a damaged layer is found, its image is left out and named, and the others come", async () => {
  await using other = await DockerSource.start();
  await other.build("whole", "FROM busybox\nRUN echo whole > /whole\n");
  await other.build("changed", "FROM busybox\nRUN echo good > /changed\n");
  await other.build("cut", "FROM busybox\nRUN echo cut > /cut\n");
  await other.stop();
  const layers = join(other.data, "overlay2");
  const file = readdirSync(layers)
    .map((id) => join(layers, id, "diff/changed"))
    .find((path) => statSync(path, { throwIfNoEntry: false }));
  writeFileSync(file ?? "", "evil\n");
  const split = join(other.data, "image/overlay2/layerdb/sha256");
  const cut = readdirSync(split).find((hex) => {
    const id = readFileSync(join(split, hex, "cache-id"), "utf8");
    return statSync(join(layers, id, "diff/cut"), { throwIfNoEntry: false });
  });
  truncateSync(join(split, cut ?? "", "tar-split.json.gz"), 40);
  await using daemon = await Daemon.start({ images: [] });
  const { items } = await migrate(daemon, { From: other.data });
  expect(states(items)).toEqual({
    "image whole:latest": "taken",
    "image changed:latest": "failed",
    "image cut:latest": "failed",
    "image busybox:latest": "taken",
  });
  const reason = (name: string) => items.find(({ Name }) => Name === name)?.Reason;
  expect(reason("changed:latest")).toMatch(/^layer sha256:[0-9a-f]{64}: wrong diff id calculated on extraction/);
  expect(reason("cut:latest")).toMatch(/^layer sha256:[0-9a-f]{64}: /);
  expect(await daemon.ok("run", "--rm", "whole", "cat", "/whole")).toBe("whole");
  expect((await daemon.docker("image", "inspect", "changed")).exitCode).toBe(1);
});

test("what there is no room for is refused before anything is taken", async () => {
  await using other = await DockerSource.start();
  const big = new Uint8Array(40 << 20).map((_, i) => i * i);
  await other.build("big", "FROM busybox\nCOPY big /big\n", { big });
  await other.stop();
  let place = "";
  const onRoot = async (dataRoot: string) => {
    place = dataRoot;
    mkdirSync(dataRoot);
    await sh(["mount", "-t", "tmpfs", "-o", "size=96m", "none", dataRoot]);
  };
  try {
    await using daemon = await Daemon.start({ images: [], onRoot });
    const request = { From: other.data, Images: true };
    expect((await migrate(daemon, request)).error).toMatch(
      /^not enough space: \d+ bytes are to be written, and \d+ are free/,
    );
    expect(await daemon.ok("image", "ls", "-q")).toBe("");
    expect(states((await migrate(daemon, { ...request, DryRun: true })).items)).toMatchObject({
      "image big:latest": "take",
    });
    expect(states((await migrate(daemon, { ...request, Names: ["busybox"] })).items)).toMatchObject({
      "image busybox:latest": "taken",
    });
  } finally {
    await sh(["umount", "-l", place]);
  }
});

test("moved volumes are here only", async () => {
  await using other = await DockerSource.start();
  await other.ok("run", "--rm", "--network", "none", "-v", "data:/v", "busybox", "sh", "-c", "echo moved > /v/f");
  await other.ok("volume", "create", "gone");
  await other.stop();
  rmSync(join(other.data, "volumes/gone/_data"), { recursive: true });
  await using daemon = await Daemon.start();
  const { items } = await migrate(daemon, { From: other.data, Volumes: true, Move: true });
  expect(states(items)).toEqual({ "volume data": "taken", "volume gone": "taken" });
  expect(items.find(({ Name }) => Name === "gone")?.Reason).toBe("its data is gone: it comes empty");
  expect(await daemon.ok("run", "--rm", "-v", "data:/v", "busybox", "cat", "/v/f")).toBe("moved");
  expect(readdirSync(join(other.data, "volumes/data"))).toEqual([]);
});

test("images of the graph driver vfs are taken as well", async () => {
  await using other = await DockerSource.start("--storage-driver", "vfs");
  await other.build("copied", "FROM busybox\nRUN rm /bin/vi && echo copied > /copied\n");
  const files = await other.ok(...look("copied"));
  await other.stop();
  await using daemon = await Daemon.start({ images: [] });
  const { items } = await migrate(daemon, { From: other.data, Images: true });
  expect(states(items)).toEqual({ "image copied:latest": "taken", "image busybox:latest": "taken" });
  expect(await daemon.ok(...look("copied"))).toBe(files);
});

test("a dockerd that runs, and what is no data root, are refused", async () => {
  await using daemon = await Daemon.start({ images: [] });
  const refusal = async (from: string) => {
    const { exitCode, stderr } = await daemon.berth("migrate", "docker", "--from", from);
    return [exitCode, stderr.trim()];
  };
  const relative = "Error response from daemon: the data root must be an absolute path: relative";
  expect(await refusal("relative")).toEqual([1, relative]);
  expect((await refusal("/nowhere"))[1]).toContain("there is no data root of Docker at /nowhere");
  expect((await refusal(daemon.execRoot))[1]).toContain("is no data root of Docker");
  expect((await refusal(daemon.dataRoot))[1]).toContain(
    `${daemon.dataRoot} is a data root of Berth's, not of Docker's`,
  );
  await using other = await DockerSource.start();
  expect((await refusal(other.data))[1]).toContain(`dockerd runs on ${other.data}`);
  await other.stop();
  writeFileSync(join(other.data, "volumes/metadata.db"), "no database");
  expect((await refusal(other.data))[1]).toContain("metadata.db: invalid database");
  writeFileSync(join(other.data, "image/overlay2/repositories.json"), "no names");
  expect((await refusal(other.data))[1]).toContain(
    `cannot read ${join(other.data, "image/overlay2/repositories.json")}`,
  );
});
