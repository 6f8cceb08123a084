import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ok } from "../clients/kept.ts";
import { PluginFolder } from "./plugin.ts";

/** Where rclone has its cache in the plugin, and its mounts, which the machine sees. */
const [cache, mounts] = ["/var/cache/rclone", "/mnt"];

/** Debian's rclone as a managed plugin: the programs of the packages rclone and fuse3, with the libraries they need. */
export async function rclonePlugin(): Promise<PluginFolder> {
  const folder = new PluginFolder();
  await folder.install(...(await programsOf("rclone", "fuse3")));
  for (const path of ["etc", cache, mounts]) mkdirSync(join(folder.root, path), { recursive: true });
  writeFileSync(join(folder.root, "etc/passwd"), "root:x:0:0:root:/:/usr/sbin/nologin\n");
  folder.configure({
    Description: "rclone",
    Documentation: "https://rclone.org/docker",
    Entrypoint: ["/usr/bin/rclone", "serve", "docker", "--config", ""],
    Args: { Name: "args", Settable: ["value"], Value: [] },
    Env: [
      { Name: "RCLONE_VERBOSE", Settable: ["value"], Value: "0" },
      { Name: "RCLONE_BASE_DIR", Value: mounts },
      { Name: "RCLONE_CACHE_DIR", Value: cache },
    ],
    Interface: { Types: ["docker.volumedriver/1.0"], Socket: "rclone.sock" },
    Linux: { Capabilities: ["CAP_SYS_ADMIN"], Devices: [{ Path: "/dev/fuse" }] },
    Network: { Type: "host" },
    Mounts: [{ Name: "cache", Settable: ["source"], Destination: cache, Type: "bind", Options: ["rbind"], Source: "" }],
    PropagatedMount: mounts,
  });
  return folder;
}

async function programsOf(...packages: string[]): Promise<string[]> {
  const files = (await ok(["dpkg", "-L", ...packages])).split("\n");
  return files.filter((file) => /^(\/usr)?\/s?bin\/[^/]+$/.test(file) && existsSync(file));
}
