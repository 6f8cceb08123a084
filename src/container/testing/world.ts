import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { OciResources, OciSpec } from "../../oci/runtime.ts";
import type { TaskExit } from "../../runtime/deps.ts";

/** A container's process in the world of a test. */
export interface FakeTask {
  phase: "created" | "running" | "paused" | "ended";
  pid: number;
  spec: OciSpec;
  /** A signal that a frozen process has yet to see. */
  pendingSignal: number;
  /** Signals that the process takes no notice of. */
  deafTo: readonly number[];
  exit: TaskExit | null;
  /** Limits that were changed since. */
  resources: OciResources;
}

/**
 * The machine below the daemons of a test: what there is in its kernel and on its disk. It outlives them, as the real
 * one does. Directories are real ones, in a place of their own; mounts are notes.
 */
export class World {
  readonly tasks = new Map<string, FakeTask>();
  /** Network namespaces with all that is in them, by container: the container's name. */
  readonly sandboxes = new Map<string, string>();
  /** By container, or key of a mounted image. */
  readonly rootfs = new Map<string, { mounted: boolean }>();
  /** By name: who has it mounted. */
  readonly volumes = new Map<string, Set<string>>();
  readonly mounts = new Set<string>();
  #lastPid = 100;

  constructor(readonly root: string) {}

  rootfsPath = (key: string) => join(this.root, "exec", "containers", key, "rootfs");
  netnsPath = (id: string) => join(this.root, "exec", "netns", id);
  volumePath = (name: string) => join(this.root, "data", "volumes", name, "_data");

  newPid(): number {
    return ++this.#lastPid;
  }

  setMounted(key: string, mounted: boolean): void {
    const rootfs = this.rootfs.get(key);
    if (rootfs) rootfs.mounted = mounted;
    if (mounted) mkdirSync(this.rootfsPath(key), { recursive: true });
    else rmSync(this.rootfsPath(key), { recursive: true, force: true });
  }

  /** What only a start takes; each must be gone when nothing runs. */
  taken(): string[] {
    return [
      ...[...this.tasks.keys()].map((id) => `task ${id}`),
      ...[...this.sandboxes.keys()].map((id) => `sandbox ${id}`),
      ...[...this.rootfs].flatMap(([key, { mounted }]) => (mounted ? [`mounted ${key}`] : [])),
      ...[...this.volumes].flatMap(([name, users]) => [...users].map((user) => `volume ${name} of ${user}`)),
      ...[...this.mounts].map((target) => `mount ${target}`),
    ];
  }
}
