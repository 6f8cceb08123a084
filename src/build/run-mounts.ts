import { chownSync, chmodSync, mkdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../lib/ids.ts";
import { close, O, openDir, openInRoot } from "../linux/at.ts";
import type { Mount } from "../linux/mount.ts";
import { SystemError } from "../linux/syscall.ts";
import { relaySocket } from "./agent-relay.ts";
import type { BuildContext } from "./context.ts";
import type { Instruction, RunMount } from "./dockerfile/instructions.ts";
import { DockerfileError } from "./dockerfile/source.ts";
import type { BuildRequest } from "./request.ts";
import { copyArchive, planCopy } from "./source/copy-plan.ts";
import { inside } from "./source/path.ts";
import type { SourceTree } from "./source/tree.ts";
import { useCacheMount } from "./table.ts";
import { withView } from "./view.ts";

/** Where a `from=` leads: a chain of layers, or a tree of files. */
export type MountOrigin = { chain: readonly string[] } | { tree: SourceTree };

export interface RunMounts {
  mounts: Mount[];
  env: string[];
}

/**
 * Makes what `RUN --mount` asks for, and registers on `undo` how it goes again. Secrets and sockets stand in a
 * directory of the exec root for as long as the step runs; they never touch the root filesystem.
 */
export async function prepareRunMounts(
  ctx: BuildContext, build: BuildRequest, instruction: Extract<Instruction, { kind: "RUN" }>, mounts: readonly RunMount[], cwd: string,
  origin: (mount: RunMount) => Promise<MountOrigin>, undo: AsyncDisposableStack, signal: AbortSignal, script?: { path: string; content: string },
): Promise<RunMounts> {
  const made: RunMounts = { mounts: [], env: [] };
  const scratch = join(ctx.execRoot, "builds", newId());
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  undo.defer(() => rmSync(scratch, { recursive: true, force: true }));
  const fail = (message: string): never => { throw new DockerfileError(message, instruction.range); };
  if (script) {
    const source = join(scratch, "script");
    writeFileSync(source, script.content, { mode: 0o755 });
    made.mounts.push({ destination: script.path, type: "bind", source, options: ["rbind", "ro"] });
  }
  // Before anything else, each once and in one order: steps that lock several can not wait for each other.
  const locked = new Set(mounts.filter((mount) => mount.type === "cache" && mount.sharing === "locked").map((mount) => mount.id ?? targetOf(mount)));
  for (const id of [...locked].sort()) {
    const lock = await ctx.locks.acquire(`cache-mount ${id}`);
    undo.defer(() => lock[Symbol.dispose]());
  }
  let sshCount = 0;
  for (const [index, mount] of mounts.entries()) {
    const destination = targetOf(mount);
    const place = join(scratch, String(index));
    switch (mount.type) {
      case "tmpfs":
        made.mounts.push({ destination, type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", ...(mount.size ? [`size=${mount.size}`] : [])] });
        break;
      case "secret": {
        const id = mount.id ?? mount.target?.split("/").at(-1) ?? "";
        const content = build.secrets.get(id);
        if (!content) {
          if (mount.required) fail(`secret ${id}: not found`);
          break;
        }
        if (mount.env) made.env.push(`${mount.env}=${Buffer.from(content).toString("utf8")}`);
        if (mount.env && !mount.target) break;
        writeFileSync(place, content, { mode: mount.mode ?? 0o400 });
        chownSync(place, mount.uid ?? 0, mount.gid ?? 0);
        made.mounts.push({ destination: destination || `/run/secrets/${id}`, type: "bind", source: place, options: ["rbind", "ro", "nosuid", "nodev", "noexec"] });
        break;
      }
      case "ssh": {
        const socket = build.sshSockets.get(mount.id ?? "default");
        if (!socket) {
          if (mount.required) fail(`ssh key ${mount.id ?? "default"} not found`);
          break;
        }
        const target = destination || `/run/buildkit/ssh_agent.${sshCount++}`;
        undo.use(await relaySocket(scratch, String(index), socket, { mode: mount.mode ?? 0o600, uid: mount.uid ?? 0, gid: mount.gid ?? 0 }));
        made.mounts.push({ destination: target, type: "bind", source: place, options: ["rbind"] });
        if (!made.env.some((entry) => entry.startsWith("SSH_AUTH_SOCK="))) made.env.push(`SSH_AUTH_SOCK=${target}`);
        break;
      }
      case "cache": made.mounts.push(await cacheMount(mount, destination)); break;
      case "bind": made.mounts.push(await bindMount(mount, destination, place)); break;
    }
  }
  return made;

  function targetOf(mount: RunMount): string {
    return mount.target === undefined ? "" : mount.target.startsWith("/") ? mount.target : join(cwd, mount.target);
  }

  async function cacheMount(mount: RunMount, destination: string): Promise<Mount> {
    const id = mount.id ?? destination;
    let name = new Bun.CryptoHasher("sha256").update(id).digest("hex");
    if (mount.sharing === "private") {
      // A copy of its own for as long as another has the first.
      for (let copy = 0; ctx.locks.isHeld(`cache-mount-dir ${name}`); copy++) name = new Bun.CryptoHasher("sha256").update(`${id}\0${copy}`).digest("hex");
      const lock = await ctx.locks.acquire(`cache-mount-dir ${name}`);
      undo.defer(() => lock[Symbol.dispose]());
    }
    const directory = join(ctx.dataRoot, "build", "mounts", name);
    const isNew = mkdirSync(join(directory, "data"), { recursive: true, mode: 0o755 }) !== undefined;
    ctx.inUse.set(directory, (ctx.inUse.get(directory) ?? 0) + 1);
    undo.defer(() => void ctx.inUse.set(directory, (ctx.inUse.get(directory) ?? 1) - 1));
    useCacheMount(ctx.store, name, directory);
    const data = join(directory, "data");
    if (isNew) {
      chmodSync(data, mount.mode ?? 0o755);
      chownSync(data, mount.uid ?? 0, mount.gid ?? 0);
      if (mount.from) {
        const from = await origin(mount);
        const fill = (tree: SourceTree) => unpack(tree, mount.source ?? "", data);
        await ("tree" in from ? fill(from.tree) : withView(ctx, from.chain, fill));
      }
    }
    return { destination, type: "bind", source: data, options: ["rbind", ...(mount.readonly ? ["ro"] : [])] };
  }

  /** A bind is read-only unless it says otherwise; what is written then is thrown away. */
  async function bindMount(mount: RunMount, destination: string, place: string): Promise<Mount> {
    const from = await origin(mount);
    const writable = mount.readonly === false;
    mkdirSync(place, { mode: 0o755 });
    let root = place;
    if ("chain" in from) {
      if (writable) {
        const key = `build-${newId()}`;
        await ctx.images.snapshotter.prepare(key, from.chain);
        undo.defer(() => ctx.images.snapshotter.remove(key));
        ctx.images.snapshotter.mount(key, from.chain, place, { volatile: true });
      } else ctx.images.snapshotter.view(from.chain, place);
      undo.defer(() => ctx.images.snapshotter.unmount(place));
      root = locate(place, mount.source ?? "");
    } else {
      const [isFile] = [from.tree.entry(inside(mount.source ?? ""))?.type === "file"];
      await unpack(from.tree, mount.source ?? "", place);
      if (isFile) root = join(place, inside(mount.source ?? "").split("/").at(-1) ?? "");
    }
    return { destination, type: "bind", source: root, options: ["rbind", ...(writable ? [] : ["ro"])] };
  }

  async function unpack(tree: SourceTree, source: string, into: string): Promise<void> {
    const items = planCopy(tree, { sources: [source || "/"], destination: "/", exclude: [], parents: false, owner: undefined, chmod: (mode) => mode, target: (path) => (path === "" ? "directory" : undefined) });
    await ctx.images.archiver.extract(copyArchive(tree, items, 0), into, { compression: "none" }, signal);
  }

  /** The real path of something inside a mounted root, its links followed inside that root. */
  function locate(mounted: string, path: string): string {
    const fd = openDir(mounted);
    try {
      const found = openInRoot(fd, path, O.PATH);
      try {
        return readlinkSync(`/proc/self/fd/${found}`);
      } finally {
        close(found);
      }
    } catch (error) {
      if (error instanceof SystemError) return fail(`failed to compute cache key: "${path}": not found`);
      throw error;
    } finally {
      close(fd);
    }
  }
}
