import type { Platform } from "../oci/image.ts";

const architectures: Record<string, string> = { x64: "amd64", arm64: "arm64", arm: "arm", ppc64: "ppc64le", s390x: "s390x", riscv64: "riscv64", ia32: "386" };

/** The machine's own platform. */
export function hostPlatform(): Platform {
  return { os: "linux", architecture: architectures[process.arch] ?? process.arch };
}

/** Reads `os/arch[/variant]`, or an architecture alone; undefined where it is neither. */
export function parsePlatform(text: string): Platform | undefined {
  const parts = text.toLowerCase().split("/");
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) return undefined;
  const [os, architecture, variant] = parts.length === 1 ? ["linux", parts[0]] : parts;
  const known: Record<string, [string, string?]> = { x86_64: ["amd64"], "x86-64": ["amd64"], aarch64: ["arm64"], armhf: ["arm", "v7"], armel: ["arm", "v6"], i386: ["386"] };
  const [name, implied] = known[architecture ?? ""] ?? [architecture ?? ""];
  const chosen = variant ?? implied;
  return { os: os ?? "linux", architecture: name, ...(chosen && !(name === "arm64" && chosen === "v8") && { variant: chosen }) };
}

export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/");
}
