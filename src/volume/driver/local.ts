import { lookup } from "node:dns/promises";
import { existsSync } from "node:fs";
import { mkdir, realpath, rename, rm, rmdir, stat } from "node:fs/promises";
import { isIP } from "node:net";
import { parseBytes } from "../../lib/bytes.ts";
import { directorySize } from "../../lib/directory-size.ts";
import { errorMessage, hasCode, internal, invalid } from "../../lib/errors.ts";
import { namesIn } from "../../lib/names-in.ts";
import { isMountPoint } from "../../linux/at.ts";
import { mount, unmount } from "../../linux/mount.ts";
import { parseMountOptions } from "../../linux/mount-options.ts";
import { SizeLimits } from "../../linux/size-limits.ts";
import type { VolumeDriver, VolumeOptions } from "./driver.ts";

/**
 * Directories `<root>/<name>/_data`. With the options `type`, `device` and `o` the directory is a mount point that
 * holds what mount(8) would put there (tmpfs, nfs, a bind of another directory).
 */
export function localDriver(root: string, limits = new SizeLimits(root, false)): VolumeDriver {
  const home = (name: string) => `${root}/${name}`;
  const data = (name: string) => `${root}/${name}/_data`;
  /** The filesystem of a volume with a size limit where there are no quotas. */
  const image = (name: string) => `${root}/${name}/data.ext4`;
  const make = async (name: string, options: VolumeOptions) => {
    await mkdir(home(name), { recursive: true, mode: 0o701 });
    await mkdir(data(name), { recursive: true, mode: 0o755 });
    const bytes = sizeOf(options.size ?? "0");
    if (bytes > 0 && !existsSync(image(name))) await limits.limit(data(name), image(name), bytes, 0o755);
  };
  return {
    name: "local",
    plugin: null,
    scope: "local",
    labelled: true,
    prunable: isPlain,
    limitsSize: limits.work,
    async size(name, options) {
      if (!isPlain(options)) return null;
      // Mounted or not, that is what it takes.
      const own = await stat(image(name)).catch(() => null);
      return own ? own.blocks * 512 : await directorySize(data(name));
    },
    async validate(name, options) {
      validateName(name);
      validateOptions(options, limits.work);
    },
    async create(name, options) {
      await make(name, options);
      await limits.unmount(data(name), image(name));
    },
    path: async (name) => data(name),
    async mount(name, options) {
      if (!needsMount(options)) {
        await mkdir(data(name), { recursive: true, mode: 0o755 });
        limits.mount(data(name), image(name));
      } else if (!isMountPoint(data(name))) await mountOptions(data(name), options);
      return data(name);
    },
    async unmount(name, options, _callerId, others) {
      if (others > 0) return;
      if (!needsMount(options)) await limits.unmount(data(name), image(name));
      else if (isMountPoint(data(name))) unmount(data(name), { detach: true });
    },
    async remove(name, options) {
      // Removing through a mount would delete what the volume only points at.
      if (needsMount(options) && isMountPoint(data(name))) unmount(data(name));
      const real = await realpath(home(name)).catch(() => home(name));
      if (real !== `${await realpath(root)}/${name}` && real !== home(name)) {
        throw internal(`unable to remove a directory outside of the local volume root ${root}: ${real}`);
      }
      try {
        if (!needsMount(options)) limits.lift(data(name), image(name));
        await rm(home(name), { recursive: true, force: true });
      } catch (cause) {
        throw internal(`error removing volume path '${home(name)}': ${errorMessage(cause)}`, cause);
      }
    },
    async receive(fill, options) {
      const name = `${receiving}${crypto.randomUUID()}`;
      try {
        await make(name, options);
        await fill(data(name));
        await limits.unmount(data(name), image(name));
      } catch (error) {
        limits.lift(data(name), image(name));
        await rm(home(name), { recursive: true, force: true });
        throw error;
      }
      return name;
    },
    async adopt(name, directory) {
      // Not one of those that are dropped at boot: from now on the data is here only.
      const staged = `.adopted-${name}`;
      await mkdir(home(staged), { recursive: true, mode: 0o701 });
      try {
        await rename(directory, data(staged));
      } catch (error) {
        if (!hasCode(error, "ENOENT") || !existsSync(data(staged))) {
          await rmdir(home(staged)).catch(() => {});
          throw error;
        }
      }
      return staged;
    },
    async dropReceived() {
      for (const name of namesIn(root)) {
        if (!name.startsWith(receiving)) continue;
        limits.lift(data(name), image(name));
        await rm(home(name), { recursive: true, force: true });
      }
    },
    async rename(name, newName) {
      try {
        await rename(home(name), home(newName));
      } catch (cause) {
        if (!hasCode(cause, "ENOENT")) throw cause;
      }
    },
  };
}

/** No name of a volume begins so. */
const receiving = ".incoming-";

/** A directory of its own: what it holds is nowhere else. */
const isPlain = (options: VolumeOptions): boolean => Object.keys(options).every((option) => option === "size");

function validateName(name: string): void {
  if (name.length === 1)
    throw invalid("volume name is too short, names should be at least two alphanumeric characters");
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw invalid(
      `${JSON.stringify(name)} includes invalid characters for a local volume name, only ` +
        `"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. ` +
        "If you intended to pass a host directory, use absolute path",
    );
  }
}

const known = ["type", "o", "device", "size"];
const needs: Record<string, string[]> = { device: ["type"], type: ["device"], o: ["device", "type"] };

function validateOptions(options: VolumeOptions, limitsSize: boolean): void {
  for (const option of Object.keys(options)) {
    if (!known.includes(option)) throw invalid(`invalid option: "${option}"`);
  }
  if (options.size !== undefined) {
    const bytes = sizeOf(options.size);
    if (bytes > 0 && !limitsSize) throw invalid("quota size requested but no quota support");
    if (!isPlain(options)) throw invalid("a size limit needs a volume of its own: without type, device and o");
  }
  if (options.type === "cifs" && /^\/\/[^/]*:\d+/.test(options.device ?? "")) {
    throw invalid("port not allowed in CIFS device URL, include 'port' in 'o='");
  }
  for (const [option, required] of Object.entries(needs)) {
    if (options[option] === undefined) continue;
    for (const other of required) {
      if (options[other] === undefined) throw invalid(`missing required option: "${other}"`);
    }
  }
}

function sizeOf(text: string): number {
  try {
    return parseBytes(text);
  } catch (error) {
    throw invalid(errorMessage(error), error);
  }
}

function needsMount(options: VolumeOptions): boolean {
  return Boolean(options.device || options.type);
}

async function mountOptions(target: string, options: VolumeOptions): Promise<void> {
  const type = options.type ?? "";
  const { device, words } = await resolveAddress(type, options.device ?? "", options.o ?? "");
  const { flags, propagation, data } = parseMountOptions(words);
  try {
    await mkdir(target, { recursive: true, mode: 0o755 });
    mount(device, target, type, flags, data);
    if (propagation) mount("none", target, "", propagation);
  } catch (cause) {
    const text = errorMessage(cause).replace(/password=[^,]*/, "password=********");
    throw internal(
      `failed to mount local volume: mount ${device}:${target}, flags: 0x${flags.toString(16)}, data: ` +
        `${data.replace(/password=[^,]*/, "password=********")}: ${text.replace(/^mount [^:]*: /, "")}`,
    );
  }
}

/** The kernel knows no names: `addr=` of nfs and cifs becomes an address here. */
async function resolveAddress(type: string, device: string, words: string): Promise<{ device: string; words: string }> {
  if (type !== "nfs" && type !== "nfs4" && type !== "cifs") return { device, words };
  const host = /(?:^|,)addr=([^,]*)/.exec(words)?.[1];
  try {
    if (host && !isIP(host)) {
      const { address } = await lookup(host);
      return { device, words: words.replace(`addr=${host}`, `addr=${address}`) };
    }
    const server = /^\/\/([^/]+)/.exec(device)?.[1];
    if (type === "cifs" && !host && server && !isIP(server)) {
      const { address } = await lookup(server);
      return { device: device.replace(`//${server}`, `//${address}`), words };
    }
  } catch (cause) {
    throw internal(`error resolving passed in network volume address: ${errorMessage(cause)}`, cause);
  }
  return { device, words };
}
