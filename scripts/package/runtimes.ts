/** Bun for other platforms, from its npm packages at the version and the checksum of package-lock.json. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "../compile.ts";
import { output } from "./run.ts";

const root = join(import.meta.dir, "../..");
const lock: { packages: Record<string, { version: string; integrity: string }> } = JSON.parse(
  readFileSync(join(root, "package-lock.json"), "utf8"),
);

/** Platforms that something is made for, and where the runtime of each comes from. */
const packages = {
  "bun-linux-x64": "@oven/bun-linux-x64",
  "bun-linux-arm64": "@oven/bun-linux-aarch64",
  "bun-darwin-arm64": "@oven/bun-darwin-aarch64",
  "bun-windows-x64": "@oven/bun-windows-x64",
} as const satisfies Partial<Record<Target, string>>;

export type Platform = keyof typeof packages;

/** Path of Bun's executable for a platform: this checkout's own, or one fetched once into `.cache/bun`. */
export async function runtimeFor(platform: Platform): Promise<string> {
  const name = packages[platform];
  const installed = executableIn(join(root, "node_modules", name));
  if (installed) return installed;
  const locked = lock.packages[`node_modules/${name}`];
  if (!locked) throw new Error(`package-lock.json has no ${name}`);
  const kept = join(root, ".cache/bun", `${platform}-${locked.version}`);
  if (!existsSync(kept)) await fetchPackage(name, locked, kept);
  const fetched = executableIn(kept);
  if (!fetched) throw new Error(`${name} ${locked.version} holds no executable`);
  return fetched;
}

async function fetchPackage(name: string, { version, integrity }: { version: string; integrity: string }, to: string) {
  mkdirSync(join(to, ".."), { recursive: true });
  const scratch = mkdtempSync(`${to}-`);
  try {
    await output(["npm", "pack", "--silent", "--pack-destination", scratch, `${name}@${version}`]);
    const [archive = ""] = readdirSync(scratch);
    const [algorithm = "", expected] = integrity.split(/-(.*)/s);
    const digest = createHash(algorithm)
      .update(readFileSync(join(scratch, archive)))
      .digest("base64");
    if (digest !== expected) throw new Error(`${name} ${version}: ${algorithm} is ${digest}, not ${expected}`);
    await output(["tar", "-xzf", join(scratch, archive), "-C", scratch]);
    renameSync(join(scratch, "package"), to);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function executableIn(folder: string): string | undefined {
  return ["bun", "bun.exe"].map((name) => join(folder, "bin", name)).find((path) => existsSync(path));
}

/** The oldest GNU C library that has all that an executable asks of it: `2.17`. */
export function glibcOf(executable: string): string {
  const minors = [...readFileSync(executable, "latin1").matchAll(/\0GLIBC_2\.(\d+)(?:\.\d+)?(?=\0)/g)].map(
    ([, minor]) => Number(minor),
  );
  if (minors.length === 0) throw new Error(`${executable} names no version of the C library`);
  return `2.${Math.max(...minors)}`;
}
