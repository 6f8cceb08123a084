import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { RunMount } from "../../dockerfile/instructions.ts";
import type { SourceTree } from "../../source/tree.ts";
import { useCacheMount } from "../../table.ts";
import { withView } from "../view.ts";
import { type MadeMount, type Mounting, targetOf, unpackInto } from "./mounting.ts";

/** Takes the locks of `sharing=locked`, each once and in one order: steps that take several do not wait in a circle. */
export async function lockCaches(mounting: Mounting, mounts: readonly RunMount[]): Promise<void> {
  const ids = mounts
    .filter((mount) => mount.type === "cache" && mount.sharing === "locked")
    .map((mount) => mount.id || targetOf(mounting, mount));
  for (const id of [...new Set(ids)].sort()) {
    const lock = await mounting.deps.locks.acquire(`cache-mount ${id}`);
    mounting.undo.defer(() => lock[Symbol.dispose]());
  }
}

/** `--mount=type=cache`: a directory that stays on this machine; a new one is filled from where `from=` leads. */
export async function cacheMount(mounting: Mounting, mount: RunMount, destination: string): Promise<MadeMount> {
  const { deps, undo, origin } = mounting;
  const name = await nameOf(mounting, mount, mount.id || destination);
  const directory = join(deps.dataRoot, "build", "mounts", name);
  const data = join(directory, "data");
  const isNew = mkdirSync(data, { recursive: true, mode: 0o755 }) !== undefined;
  deps.inUse.set(directory, (deps.inUse.get(directory) ?? 0) + 1);
  undo.defer(() => void deps.inUse.set(directory, (deps.inUse.get(directory) ?? 1) - 1));
  useCacheMount(deps.store, name, directory);
  if (isNew) {
    chmodSync(data, mount.mode ?? 0o755);
    chownSync(data, mount.uid ?? 0, mount.gid ?? 0);
    if (mount.from) {
      const from = await origin(mount);
      const fill = (tree: SourceTree) => unpackInto(mounting, tree, mount.source ?? "", data);
      await ("tree" in from ? fill(from.tree) : withView(deps, from.chain, fill));
    }
  }
  return {
    mount: { destination, type: "bind", source: data, options: ["rbind", ...(mount.readonly ? ["ro"] : [])] },
  };
}

/** Of its directory. `sharing=private`: a copy of its own for as long as another has the first. */
async function nameOf({ deps, undo }: Mounting, mount: RunMount, id: string): Promise<string> {
  let name = sha256(id);
  if (mount.sharing !== "private") return name;
  for (let copy = 0; deps.locks.isHeld(`cache-mount-dir ${name}`); copy++) name = sha256(`${id}\0${copy}`);
  const lock = await deps.locks.acquire(`cache-mount-dir ${name}`);
  undo.defer(() => lock[Symbol.dispose]());
  return name;
}

const sha256 = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest("hex");
