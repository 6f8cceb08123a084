import { invalid } from "../lib/errors.ts";
import type { Platform } from "./image.ts";

const architectures: Record<string, string> = {
  x64: "amd64",
  arm64: "arm64",
  arm: "arm",
  ia32: "386",
  ppc64: "ppc64le",
  s390x: "s390x",
  riscv64: "riscv64",
};

/** What this machine runs. */
export function hostPlatform(): Platform {
  const architecture = architectures[process.arch] ?? process.arch;
  return { os: "linux", architecture, ...(architecture === "arm" && { variant: "v7" }) };
}

const knownOs = new Set([
  "linux",
  "windows",
  "darwin",
  "freebsd",
  "netbsd",
  "openbsd",
  "solaris",
  "aix",
  "android",
  "dragonfly",
  "illumos",
  "js",
  "plan9",
  "wasip1",
]);
const knownArch = new Set([
  "386",
  "amd64",
  "arm",
  "arm64",
  "loong64",
  "mips",
  "mipsle",
  "mips64",
  "mips64le",
  "ppc64",
  "ppc64le",
  "riscv64",
  "s390x",
  "wasm",
]);

/** `os[/arch[/variant]]`, or an architecture alone, with the usual other names. Throws as containerd words it. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split("/");
  if (parts.length > 3) throw invalid(`${JSON.stringify(text)}: cannot parse platform specifier: invalid argument`);
  if (!parts.every((part) => /^[a-z0-9_-]+$/.test(part))) {
    throw invalid(
      `${JSON.stringify(text)} is an invalid component of ${JSON.stringify(text)}: platform specifier ` +
        `component must match "^[A-Za-z0-9_.-]+$": invalid argument`,
    );
  }
  const host = hostPlatform();
  const [first = "", second, third] = parts;
  if (second === undefined) {
    if (knownOs.has(first))
      return normalize({ os: first, architecture: host.architecture, ...(host.variant && { variant: host.variant }) });
    const platform = normalize({ os: host.os, architecture: first });
    if (knownArch.has(platform.architecture)) return platform;
    throw invalid(`${JSON.stringify(text)}: unknown operating system or architecture: invalid argument`);
  }
  return normalize({ os: first, architecture: second, ...(third !== undefined && { variant: third }) });
}

/** As people write it: `linux/arm64/v8`. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/");
}

/** Other names of architectures, and variants that go without saying. */
export function normalize(platform: Platform): Platform {
  const os = platform.os.toLowerCase() === "macos" ? "darwin" : platform.os.toLowerCase();
  let architecture = platform.architecture.toLowerCase();
  let variant = platform.variant?.toLowerCase() ?? "";
  if (architecture === "x86_64" || architecture === "x86-64") architecture = "amd64";
  else if (architecture === "i386") architecture = "386";
  else if (architecture === "aarch64") architecture = "arm64";
  else if (architecture === "armhf") [architecture, variant] = ["arm", "v7"];
  else if (architecture === "armel") [architecture, variant] = ["arm", "v6"];
  if (architecture === "amd64" && variant === "v1") variant = "";
  if (architecture === "arm64" && (variant === "8" || variant === "v8")) variant = "";
  if (architecture === "arm" && variant === "") variant = "v7";
  if (architecture === "arm" && /^[5-8]$/.test(variant)) variant = `v${variant}`;
  const { variant: _, ...rest } = platform;
  return { ...rest, os, architecture, ...(variant !== "" && { variant }) };
}

/** Variants that go without saying, where a family has several. */
const plainLevel: Record<string, number> = { amd64: 1, arm64: 8 };

function levelOf({ architecture, variant }: Platform): number {
  return Number(/^v(\d+)/.exec(variant ?? "")?.[1] ?? plainLevel[architecture] ?? 0);
}

/**
 * How well something made for `offered` suits who wants `wanted`: 0 not at all, more is better. A wanted variant is met
 * by itself and by lower ones of the same family (arm v7 runs v6), and last by the family's 32 bits (amd64 runs 386,
 * arm64 runs arm).
 */
export function platformScore(wanted: Platform, offered: Platform): number {
  const [a, b] = [normalize(wanted), normalize(offered)];
  if (a.os !== b.os) return 0;
  const [want, have] = [levelOf(a), levelOf(b)];
  if (a.architecture === b.architecture) {
    if (a.variant === b.variant) return 100;
    return have > want ? 0 : 50 + have;
  }
  if (a.architecture === "amd64" && b.architecture === "386") return 1;
  return a.architecture === "arm64" && b.architecture === "arm" ? 1 + have : 0;
}

/** A list of platforms, parted by commas; each once, however it is written. */
export function parsePlatforms(text: string): Platform[] {
  const platforms = text.split(",").filter(Boolean).map(parsePlatform);
  return [...new Map(platforms.map((platform) => [formatPlatform(platform), platform])).values()];
}
