import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerDeps } from "../../container/deps.ts";
import type { LaidFile } from "../../container/record.ts";
import { internal } from "../../lib/errors.ts";
import { idsOutside } from "../../linux/id-maps.ts";
import { MS } from "../../linux/mount.ts";
import type { ConfigObject, SecretObject, TaskObject } from "../model/objects.ts";

/** What a task may see of secrets and configs, by id. */
export interface TaskContents {
  secrets: ReadonlyMap<string, SecretObject>;
  configs: ReadonlyMap<string, ConfigObject>;
}

interface Reference {
  File?: { Name?: string; UID?: string; GID?: string; Mode?: number };
}

const tasksDir = ({ execRoot }: Pick<ContainerDeps, "execRoot">) => join(execRoot, "cluster", "tasks");

/**
 * Lays a task's secrets and configs into memory, each reference a file of its own with owner and mode; they go with
 * {@link removeTaskFiles} or the machine's power. Idempotent. Throws `internal` where one is not there.
 */
export function layTaskFiles(deps: ContainerDeps, task: TaskObject, { secrets, configs }: TaskContents): LaidFile[] {
  const { Secrets = [], Configs = [] } = task.Spec.ContainerSpec ?? {};
  const wanted = [
    ...Secrets.map((each) => ({
      file: each,
      data: dataOf("secret", secrets.get(each.SecretID ?? ""), each.SecretName),
      directory: "/run/secrets",
    })),
    // One without a file is for the engine itself.
    ...Configs.filter(({ File }) => File).map((each) => ({
      file: each,
      data: dataOf("config", configs.get(each.ConfigID ?? ""), each.ConfigName),
      directory: "/",
    })),
  ];
  removeTaskFiles(deps, task.ID);
  if (wanted.length === 0) return [];
  const directory = join(tasksDir(deps), task.ID);
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  deps.kernel.mount("tmpfs", directory, "tmpfs", MS.NOEXEC | MS.NOSUID | MS.NODEV, "mode=0711");
  try {
    return wanted.map(({ file, data, directory: under }, index) => {
      const source = join(directory, String(index));
      writeFileSync(source, data, { mode: 0o600 });
      own(deps, source, file);
      return { source, destination: join(under, file.File?.Name ?? "") };
    });
  } catch (error) {
    removeTaskFiles(deps, task.ID);
    throw error;
  }
}

/** Takes a task's files away. Idempotent. */
export function removeTaskFiles(deps: ContainerDeps, taskId: string): void {
  const directory = join(tasksDir(deps), taskId);
  if (!existsSync(directory)) return;
  deps.kernel.unmountAll(directory);
  rmdirSync(directory);
}

/** Takes away the files of all tasks but these. */
export function sweepTaskFiles(deps: ContainerDeps, keep: ReadonlySet<string>): void {
  const root = tasksDir(deps);
  if (!existsSync(root)) return;
  for (const id of readdirSync(root)) if (!keep.has(id)) removeTaskFiles(deps, id);
}

function dataOf(kind: string, object: { Spec: { Data: string } } | undefined, name = ""): Buffer {
  if (!object) throw internal(`${kind} ${name} is not available on this node`);
  return Buffer.from(object.Spec.Data, "base64");
}

function own(deps: ContainerDeps, path: string, { File }: Reference): void {
  const number = (text = "0") => {
    if (!/^\d{1,10}$/.test(text)) throw internal(`invalid owner ${JSON.stringify(text)}: it is to be a number`);
    return Number(text);
  };
  const inside = { uid: number(File?.UID || "0"), gid: number(File?.GID || "0") };
  const owner = deps.remap ? idsOutside(deps.remap, inside) : inside;
  if (!owner) throw internal(`there is no user ${inside.uid}:${inside.gid} in the user namespace`);
  chownSync(path, owner.uid, owner.gid);
  chmodSync(path, File?.Mode ?? 0o444);
}
