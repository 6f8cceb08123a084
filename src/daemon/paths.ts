import { createHash } from "node:crypto";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { spreadChildren } from "../linux/spread.ts";

/**
 * Where everything is on disk.
 *
 * ```
 * <data root>                 /var/lib/berth; outlives a reboot
 * ├── berth.lock              held by the daemon that owns this root
 * ├── berth.db                names, relations, state (SQLite); berth.db.copy: as it was some minutes ago
 * ├── engine-id               tells this engine from all others, for ever
 * ├── blobs/<algorithm>/<hex> manifests, configurations, layer archives
 * ├── layers/                 unpacked layers and the writable ones of containers; layers/images/: filesystems of
 * │                           containers with a size limit
 * ├── containers/<id>/        hosts, hostname, resolv.conf, logs
 * ├── volumes/<name>/_data    local volumes; data.ext4 beside it: the filesystem of one with a size limit
 * ├── build/mounts/<hash>/    what cache mounts of builds keep
 * ├── build/contexts/<hash>/  contents of folders that builds were sent from
 * ├── lost/<time>/            of containers that no database told of any more (rescue.ts); nobody else's business
 * └── tmp/                    emptied at boot
 *
 * <exec root>                 /run/berth; goes with a reboot, as the containers do
 * ├── berth.sock              the API
 * ├── berth.pid
 * ├── containers/<id>/        bundle, root mount, monitor's sockets and pid files
 * ├── exits/<id>              exit codes
 * ├── netns/<id>              network namespaces
 * ├── plugins/                sockets of plugins
 * └── stop-containers         made by who stops the daemon and wants the containers to be stopped with it
 * ```
 */
export interface DaemonPaths {
  dataRoot: string;
  execRoot: string;
  lock: string;
  database: string;
  engineId: string;
  volumes: string;
  tmp: string;
  stopContainers: string;
}

/** Where the daemon keeps its files: `dataRoot` outlasts a reboot, `execRoot` need not. Nothing is made. */
export function daemonPaths(dataRoot: string, execRoot: string): DaemonPaths {
  return {
    dataRoot,
    execRoot,
    lock: join(dataRoot, "berth.lock"),
    database: join(dataRoot, "berth.db"),
    engineId: join(dataRoot, "engine-id"),
    volumes: join(dataRoot, "volumes"),
    tmp: join(dataRoot, "tmp"),
    stopContainers: join(execRoot, "stop-containers"),
  };
}

/** Makes the roots. Others may pass through the data root (to a container's files) but not look around. */
export function makeRoots({ dataRoot, execRoot, tmp, volumes }: DaemonPaths): void {
  for (const path of [dataRoot, execRoot, volumes]) {
    mkdirSync(path, { recursive: true, mode: 0o711 });
    chmodSync(path, 0o711);
  }
  mkdirSync(tmp, { recursive: true, mode: 0o700 });
  spreadChildren(volumes);
}

/** Eight hex digits that tell this daemon's things in the kernel from those of others on the machine. */
export function instanceOf(dataRoot: string): string {
  return createHash("sha256").update(dataRoot).digest("hex").slice(0, 8);
}
