import type { Mount } from "../../linux/mount.ts";
import type { OciLinux, OciMount } from "../../oci/runtime.ts";

/** Mounts of the kernel's own filesystems that every container gets. */
const defaultMounts = (): OciMount[] => [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro", "nosuid", "noexec", "nodev"] },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "noexec", "nodev", "mode=1777"] },
];

/** What stays writable under a read-only root filesystem. */
const writable = new Set(["/proc", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev"]);

/** What the list of mounts is made of. `shmSize` in bytes. */
export interface MountInput {
  /** The container's own, parents before children. */
  mounts: readonly Mount[];
  shmSize: number;
  /** Host directory for /dev/shm. */
  shmPath?: string;
  /** ipc mode `none`: no /dev/shm at all. */
  withoutShm: boolean;
  /** Host path of the init program, null without one. */
  initPath: string | null;
  readonlyRootfs: boolean;
  privileged: boolean;
  writableCgroups: boolean;
}

/** Where the init program is mounted in the container, as in Docker. */
export const INIT_IN_CONTAINER = "/sbin/docker-init";

/** All mounts of a container in the order they are made. One of the container's own takes the place of a default. */
export function buildMounts(input: MountInput): OciMount[] {
  const own = new Set(input.mounts.map(({ destination }) => destination));
  const base = defaultMounts().filter(({ destination }) => {
    if (own.has(destination)) return false;
    if (own.has("/dev") && destination.startsWith("/dev/")) return false;
    return destination !== "/dev/shm" || !input.withoutShm;
  });
  for (const mount of base) adjustDefault(mount, input);
  const init: OciMount[] =
    input.initPath === null
      ? []
      : [{ destination: INIT_IN_CONTAINER, type: "bind", source: input.initPath, options: ["bind", "ro"] }];
  return [...base, ...init, ...input.mounts.map((mount) => ({ ...mount, options: [...mount.options] }))];
}

function adjustDefault(mount: OciMount, input: MountInput): void {
  if (mount.destination === "/dev/shm") {
    if (input.shmPath === undefined) mount.options.push(`size=${input.shmSize}`);
    // crun clears mount flags of a bind that are not named here, so they are named; the flags of the host's own mount
    // are kept.
    else {
      const flags = input.shmPath === "/dev/shm" ? [] : ["nosuid", "noexec", "nodev"];
      Object.assign(mount, { type: "bind", source: input.shmPath, options: ["rbind", "rprivate", ...flags] });
    }
  }
  if (input.readonlyRootfs && !writable.has(mount.destination) && !mount.options.includes("ro"))
    mount.options.push("ro");
  if ((mount.destination === "/sys" && input.privileged) || (mount.type === "cgroup" && input.writableCgroups)) {
    mount.options = mount.options.filter((option) => option !== "ro");
  }
}

/** A bind that shares or follows its source's mounts needs a root filesystem that does so too. */
export function rootfsPropagation(mounts: readonly Mount[]): OciLinux["rootfsPropagation"] {
  const options = mounts.flatMap((mount) => mount.options);
  if (options.includes("shared") || options.includes("rshared")) return "shared";
  if (options.includes("slave") || options.includes("rslave")) return "rslave";
  return undefined;
}
