import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Images, RootFilesystems } from "../../image/for-containers.ts";
import type { ImageRecord } from "../../image/record.ts";
import { conflict, notFound, notImplemented } from "../../lib/errors.ts";
import type { Volumes } from "../../volume/for-containers.ts";
import type { Calls } from "./calls.ts";
import type { World } from "./world.ts";

/** The one image there is. */
const busybox: ImageRecord = {
  id: `sha256:${"a".repeat(64)}`,
  config: {
    architecture: "amd64",
    os: "linux",
    config: { Cmd: ["sh"] },
    rootfs: { type: "layers", diff_ids: [] },
  },
  chainIds: [],
  diffIds: [],
  size: 0,
  created: "",
  repoTags: ["busybox:latest"],
  repoDigests: [],
  platform: { os: "linux", architecture: "amd64" },
  parentId: "",
  lastTagged: "",
};

const refuse = (): never => {
  throw notImplemented("no part of a container's life");
};

/** Images of a test: there is only `busybox`; building, copying and packing are refused. */
export function fakeImages(world: World, calls: Calls): Images {
  return {
    resolve(ref) {
      if (ref === "busybox" || ref === busybox.id) return busybox;
      throw notFound(`No such image: ${ref}`);
    },
    reconcile: (ids) =>
      calls.make("images.reconcile", () => {
        for (const key of world.rootfs.keys()) if (!ids.has(key)) drop(world, key);
      }),
    archiver: {
      async remove(...paths) {
        for (const path of paths) await rm(path, { recursive: true, force: true });
      },
      copy: refuse,
      extract: refuse,
      pack: refuse,
    },
  };
}

/** Whose container, or which of the container's images. */
const kindOf = (key: string) => (key.includes("-image-") ? " image" : "");

/** Root filesystems of a test, kept in `world`. Every call is noted in `calls`, which may let it fail. */
export function fakeRootFilesystems(world: World, calls: Calls): RootFilesystems {
  return {
    create: (key) =>
      calls.make(`rootfs.create${kindOf(key)}`, () => {
        if (world.rootfs.has(key)) throw conflict("there is such a root filesystem already");
        world.rootfs.set(key, { mounted: false });
      }),
    mount: (key) =>
      calls.make(`rootfs.mount${kindOf(key)}`, () => {
        if (!world.rootfs.has(key)) throw notFound("no root filesystem");
        world.setMounted(key, true);
        return world.rootfsPath(key);
      }),
    unmount: (key) => calls.make(`rootfs.unmount${kindOf(key)}`, () => world.setMounted(key, false)),
    remove: (key) => calls.make(`rootfs.remove${kindOf(key)}`, () => drop(world, key)),
    path: world.rootfsPath,
    changes: refuse,
    usage: refuse,
    driverData: refuse,
    commit: refuse,
  };
}

function drop(world: World, key: string): void {
  world.setMounted(key, false);
  world.rootfs.delete(key);
}

const nameOf = (name: string) => (/^[0-9a-f]{64}$/.test(name) ? "" : ` ${name}`);

/** Every volume has a directory `sub`. */
export function fakeVolumes(world: World, calls: Calls): Volumes {
  return {
    create: ({ Name }) =>
      calls.make(`volumes.create${nameOf(Name ?? "")}`, () => {
        const name = Name ?? "";
        if (!world.volumes.has(name)) world.volumes.set(name, new Set());
        mkdirSync(join(world.volumePath(name), "sub"), { recursive: true });
        return {
          Name: name,
          Driver: "local",
          Mountpoint: world.volumePath(name),
          Labels: null,
          Scope: "local",
          Options: null,
        };
      }),
    has: () => true,
    isLabelled: () => true,
    mount: (name, user) =>
      calls.make(`volumes.mount${nameOf(name)}`, () => {
        const users = world.volumes.get(name);
        if (!users) throw notFound(`get ${name}: no such volume`);
        users.add(user);
        return world.volumePath(name);
      }),
    unmount: (name, user) =>
      calls.make(`volumes.unmount${nameOf(name)}`, () => void world.volumes.get(name)?.delete(user)),
    remove: (name) =>
      calls.make(`volumes.remove${nameOf(name)}`, () => {
        if ((world.volumes.get(name)?.size ?? 0) > 0) throw conflict("volume is in use");
        if (!world.volumes.delete(name)) throw notFound(`get ${name}: no such volume`);
      }),
    reconcile: (liveIds) =>
      calls.make("volumes.reconcile", () => {
        for (const users of world.volumes.values())
          for (const user of users) if (!liveIds.has(user)) users.delete(user);
      }),
  };
}
