import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getArchive, putArchive, statArchive } from "../../src/container/files/archive.ts";
import { containerChanges } from "../../src/container/files/changes.ts";
import { commitContainer } from "../../src/container/files/commit.ts";
import { exportContainer } from "../../src/container/files/export.ts";
import { removeContainer } from "../../src/container/life/remove.ts";
import { startContainer } from "../../src/container/life/start.ts";
import { inspectContainer } from "../../src/container/view/inspect.ts";
import { resolveImage } from "../../src/image/resolve.ts";
import { createVolume } from "../../src/volume/create.ts";
import { inspectVolume } from "../../src/volume/inspect.ts";
import { listVolumes } from "../../src/volume/list.ts";
import { removeVolume } from "../../src/volume/remove.ts";
import { sh } from "../harness.ts";
import { Rig } from "./rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start();
  await rig.image(
    "data",
    { Cmd: ["sh"], Volumes: { "/srv/data": {} }, WorkingDir: "/srv" },
    { "srv/data/file": "from the image", "srv/data/sub/deep": "deep" },
  );
});
afterAll(() => rig[Symbol.asyncDispose]());

const volumes = async () => (await listVolumes(rig.volumes)).Volumes.map((v) => v.Name);
const gone = async (...ids: string[]) => {
  for (const id of ids) await removeContainer(rig.deps, id, { force: true, volumes: true });
};

describe("volumes", () => {
  test("an image's volume is filled with its content, owners and all, and goes with the container", async () => {
    const { id, stdout } = await rig.run(["sh", "-c", "cat data/file; stat -c %u:%g data/sub/deep data"], {
      Image: "data",
    });
    expect(stdout).toBe("from the image33:33\n33:33\n");
    const [point] = (await inspectContainer(rig.deps, id)).Mounts ?? [];
    expect(point).toMatchObject({ Type: "volume", Destination: "/srv/data", Driver: "local", RW: true });
    expect(readFileSync(join(point?.Source ?? "", "file"), "utf8")).toBe("from the image");
    await gone(id);
    expect(await volumes()).toEqual([]);
  });

  test("a named volume is made, filled once, kept", async () => {
    const first = await rig.run(
      ["sh", "-c", "echo mine > /srv/data/file"],
      { Image: "data" },
      { Binds: ["kept:/srv/data"] },
    );
    const second = await rig.run(
      ["cat", "/srv/data/file"],
      { Image: "data" },
      { Mounts: [{ Type: "volume", Source: "kept", Target: "/srv/data", ReadOnly: true }] },
    );
    expect(second.stdout).toBe("mine\n");
    await expect(removeVolume(rig.volumes, "kept")).rejects.toThrow("volume is in use");
    await gone(first.id, second.id);
    expect(await volumes()).toEqual(["kept"]);
    await removeVolume(rig.volumes, "kept");
  });

  test("nocopy leaves it empty, --volumes-from shares, read-only where asked", async () => {
    const donor = await rig.run(["ls", "/srv/data"], { Image: "data" }, { Binds: ["empty:/srv/data:nocopy", "/more"] });
    expect(donor.stdout).toBe("");
    const heir = await rig.run(
      ["sh", "-c", "touch /more/x; touch /srv/data/x"],
      {},
      { VolumesFrom: [`${donor.id}:ro`] },
    );
    expect(heir.stderr).toContain("Read-only file system");
    expect(
      (await inspectContainer(rig.deps, heir.id)).Mounts?.map(({ Destination, Mode, RW }) => [Destination, Mode, RW]),
    ).toEqual([
      ["/more", "", false],
      ["/srv/data", "", false],
    ]);
    await gone(donor.id);
    // The anonymous volume is still referred to.
    expect((await volumes()).length).toBe(2);
    await gone(heir.id);
    expect(await volumes()).toEqual(["empty"]);
    await removeVolume(rig.volumes, "empty");
  });

  test("a subpath", async () => {
    const seed = await rig.run(
      ["sh", "-c", "mkdir -p /v/a/b; echo here > /v/a/b/f; ln -s /etc /v/out"],
      {},
      { Binds: ["sub:/v"] },
    );
    const mount = (Subpath: string) => ({
      Mounts: [{ Type: "volume" as const, Source: "sub", Target: "/m", VolumeOptions: { Subpath } }],
    });
    const inside = await rig.run(["cat", "/m/f"], {}, mount("a/b"));
    expect(inside.stdout).toBe("here\n");
    // The link means /etc of the volume, where there is none.
    const id = await rig.create(["ls", "/m"], {}, mount("out"));
    await expect(startContainer(rig.deps, id)).rejects.toThrow("cannot access path");
    await gone(seed.id, inside.id, id);
    await removeVolume(rig.volumes, "sub");
  });

  test("options of the local driver", async () => {
    await createVolume(rig.volumes, {
      Name: "ram",
      DriverOpts: { type: "tmpfs", device: "tmpfs", o: "size=1m,uid=33" },
    });
    const { id, stdout } = await rig.run(
      ["sh", "-c", "stat -c %u /r; df -k /r | tail -1 | awk '{print $2}'"],
      {},
      { Binds: ["ram:/r"] },
    );
    expect(stdout).toBe("33\n1024\n");
    const { Mountpoint } = await inspectVolume(rig.volumes, "ram");
    expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(Mountpoint);
    await gone(id);
    await removeVolume(rig.volumes, "ram");
  });
});

describe("binds and tmpfs", () => {
  test("a missing source is made for -v, refused for --mount", async () => {
    const source = join(rig.root, "made/here");
    const { id } = await rig.run(["touch", "/b/x"], {}, { Binds: [`${source}:/b`] });
    expect(existsSync(join(source, "x"))).toBe(true);
    await expect(
      rig.create(["true"], {}, { Mounts: [{ Type: "bind", Source: `${source}/none`, Target: "/b" }] }),
    ).rejects.toThrow(`invalid mount config for type "bind": bind source path does not exist: ${source}/none`);
    await gone(id);
  });

  test("read-only reaches the mounts below", async () => {
    const source = join(rig.root, "ro");
    mkdirSync(join(source, "below"), { recursive: true });
    await sh(["mount", "-t", "tmpfs", "tmpfs", join(source, "below")]);
    try {
      const { id, stderr } = await rig.run(["touch", "/b/x", "/b/below/x"], {}, { Binds: [`${source}:/b:ro`] });
      expect(stderr.match(/Read-only file system/g)?.length).toBe(2);
      await gone(id);
    } finally {
      await sh(["umount", join(source, "below")]);
    }
  });

  test("a file, over one of the engine's own too", async () => {
    const file = join(rig.root, "hosts");
    writeFileSync(file, "1.2.3.4 mine\n");
    const { id, stdout } = await rig.run(["cat", "/etc/hosts"], {}, { Binds: [`${file}:/etc/hosts`] });
    expect(stdout).toBe("1.2.3.4 mine\n");
    await gone(id);
  });

  test("tmpfs by both options", async () => {
    const { id, stdout } = await rig.run(
      ["sh", "-c", "grep -E ' /(a|b) ' /proc/mounts"],
      {},
      {
        Tmpfs: { "/a": "size=2m,exec" },
        Mounts: [{ Type: "tmpfs", Target: "/b", TmpfsOptions: { SizeBytes: 1 << 20 } }],
      },
    );
    const [a, b] = stdout.trim().split("\n").sort();
    expect(a).toContain("size=2048k");
    expect(a).not.toContain("noexec");
    expect(b).toMatch(/noexec.*size=1024k/);
    await gone(id);
  });

  test("two mounts in one place", async () => {
    await expect(rig.create(["true"], {}, { Binds: ["/tmp:/x", "v:/x"] })).rejects.toThrow("Duplicate mount point: /x");
    await expect(rig.create(["true"], {}, { Binds: ["/tmp:/x"], Tmpfs: { "/x": "" } })).rejects.toThrow(
      "Duplicate mount point: /x",
    );
  });

  test("an image", async () => {
    const { id, stdout, stderr } = await rig.run(
      ["sh", "-c", "cat /i/file; touch /i/x"],
      {},
      { Mounts: [{ Type: "image", Source: "data", Target: "/i", ImageOptions: { Subpath: "srv/data" } }] },
    );
    expect(stdout).toBe("from the image");
    expect(stderr).toContain("Read-only file system");
    await gone(id);
  });
});

describe("copying", () => {
  const tar = async (stream: ReadableStream<Uint8Array>, ...argv: string[]) => {
    const { stdout } = await sh(["tar", ...argv], { input: new Uint8Array(await new Response(stream).arrayBuffer()) });
    return stdout;
  };
  const archive = async (files: Record<string, string>) => {
    const dir = join(rig.root, `tar-${Bun.hash(JSON.stringify(files))}`);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(dir, name, ".."), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
    await sh(["tar", "-C", dir, "-cf", `${dir}.tar`, "."]);
    return Bun.file(`${dir}.tar`).stream();
  };

  for (const running of [false, true]) {
    test(`in and out of a ${running ? "running" : "resting"} container and its volumes`, async () => {
      const id = await rig.create(["sleep", "1000"], { Image: "data", StopTimeout: 0 }, { Binds: ["vol:/vol"] });
      if (running) await startContainer(rig.deps, id);
      await putArchive(rig.deps, id, { path: "/vol" }, await archive({ "in/volume": "v" }));
      await putArchive(rig.deps, id, { path: "/tmp/." }, await archive({ "in/root": "r" }));
      const { Mountpoint } = await inspectVolume(rig.volumes, "vol");
      expect(readFileSync(join(Mountpoint, "in/volume"), "utf8")).toBe("v");

      expect(await statArchive(rig.deps, id, "/vol/in")).toMatchObject({
        name: "in",
        mode: 2 ** 31 + 0o755,
        linkTarget: "",
      });
      const { stat, tar: whole } = await getArchive(rig.deps, id, "/vol/in/");
      expect(stat.name).toBe("in");
      expect(await tar(whole, "-t")).toBe("in/\nin/volume\n");
      expect(await tar((await getArchive(rig.deps, id, "/tmp/in/root")).tar, "-xO")).toBe("r");
      expect(await tar((await getArchive(rig.deps, id, "/srv/data/.")).tar, "-t")).toBe(
        "./\n./file\n./sub/\n./sub/deep\n",
      );
      await gone(id);
      await removeVolume(rig.volumes, "vol");
    });
  }

  test("the engine's own files in /etc, also through another's network", async () => {
    const id = await rig.start(["sleep", "1000"], { Hostname: "donor", StopTimeout: 0 });
    const guest = await rig.start(["sleep", "1000"], { StopTimeout: 0 }, { NetworkMode: `container:${id}` });
    const read = async (ref: string, path: string) => tar((await getArchive(rig.deps, ref, path)).tar, "-xO");
    for (const ref of [id, guest]) {
      expect(await read(ref, "/etc/hostname")).toBe("donor\n");
      expect(await read(ref, "/etc/hosts")).toContain("127.0.0.1\tlocalhost");
    }
    expect((await statArchive(rig.deps, id, "/etc/hostname")).size).toBe(6);
    await gone(id);
    expect(await read(guest, "/etc/hostname")).toBe("");
    await gone(guest);
  });

  test("what is missing, no directory, read-only", async () => {
    const id = await rig.create(["true"], {}, { ReadonlyRootfs: true, Binds: ["vol:/vol:ro"] });
    await expect(statArchive(rig.deps, id, "/none")).rejects.toThrow(
      `Could not find the file /none in container ${id}`,
    );
    await expect(putArchive(rig.deps, id, { path: "/none" }, await archive({ a: "" }))).rejects.toThrow(
      `Could not find the file /none in container ${id}`,
    );
    await expect(putArchive(rig.deps, id, { path: "/bin/busybox" }, await archive({ a: "" }))).rejects.toThrow(
      "extraction point is not a directory",
    );
    await expect(putArchive(rig.deps, id, { path: "/tmp" }, await archive({ a: "" }))).rejects.toThrow(
      "container rootfs is marked read-only",
    );
    await expect(putArchive(rig.deps, id, { path: "/vol" }, await archive({ a: "" }))).rejects.toThrow(
      "mounted volume is marked read-only",
    );
    await gone(id);
    await removeVolume(rig.volumes, "vol");
  });

  test("links do not lead out", async () => {
    const { id } = await rig.run(["sh", "-c", "ln -s /etc /tmp/link; ln -s ../../../../../../etc/hostname /tmp/up"]);
    expect((await statArchive(rig.deps, id, "/tmp/link")).linkTarget).toBe("/etc");
    expect(await tar((await getArchive(rig.deps, id, "/tmp/link")).tar, "-t")).toBe("link\n");
    expect(await tar((await getArchive(rig.deps, id, "/tmp/link/passwd")).tar, "-t")).toBe("passwd\n");
    await putArchive(rig.deps, id, { path: "/tmp/link" }, await archive({ fresh: "f" }));
    expect(existsSync("/etc/fresh")).toBe(false);
    expect(await tar((await getArchive(rig.deps, id, "/etc/fresh")).tar, "-xO")).toBe("f");
    await gone(id);
  });
});

describe("what a container changed", () => {
  test("diff, export and commit", async () => {
    const { id } = await rig.run(["sh", "-c", "echo new > /root/new; rm /etc/group; echo x >> /etc/passwd"], {
      Env: ["A=1"],
    });
    expect(await containerChanges(rig.deps, id)).toEqual([
      { Path: "/etc", Kind: 0 },
      { Path: "/etc/group", Kind: 2 },
      { Path: "/etc/passwd", Kind: 0 },
      { Path: "/root", Kind: 0 },
      { Path: "/root/new", Kind: 1 },
    ]);
    const { stdout: names } = await sh(["tar", "-t"], {
      input: new Uint8Array(await new Response(await exportContainer(rig.deps, id)).arrayBuffer()),
    });
    expect(names.split("\n")).toContain("root/new");
    expect(names.split("\n")).not.toContain("etc/group");

    const { Id } = await commitContainer(rig.deps, {
      container: id,
      repo: "made",
      tag: "v1",
      changes: ['CMD ["cat", "/root/new"]', "ENV B=2"],
      author: "me",
      comment: "why",
    });
    const image = resolveImage(rig.images, "made:v1");
    expect(image.id).toBe(Id);
    expect(image.config.config).toMatchObject({ Cmd: ["cat", "/root/new"], Env: ["A=1", "B=2"] });
    const again = await rig.run([], { Image: "made:v1" });
    expect(again.stdout).toBe("new\n");
    await gone(id, again.id);
  });
});
