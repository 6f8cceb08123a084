/** Platforms as users write them, `os[/arch[/variant]]`, normalised as containerd does. */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

const systems = new Set([
  "aix",
  "android",
  "darwin",
  "dragonfly",
  "freebsd",
  "hurd",
  "illumos",
  "ios",
  "js",
  "linux",
  "nacl",
  "netbsd",
  "openbsd",
  "plan9",
  "solaris",
  "windows",
  "zos",
]);
const architectures = new Set([
  "386",
  "amd64",
  "amd64p32",
  "arm",
  "armbe",
  "arm64",
  "arm64be",
  "ppc64",
  "ppc64le",
  "loong64",
  "mips",
  "mipsle",
  "mips64",
  "mips64le",
  "mips64p32",
  "mips64p32le",
  "ppc",
  "riscv",
  "riscv64",
  "s390",
  "s390x",
  "sparc",
  "sparc64",
  "wasm",
]);

const hostArchitecture = () => (process.arch === "x64" ? "amd64" : process.arch === "ia32" ? "386" : process.arch);

/** Reads `os/arch[/variant]`. Throws an Error with containerd's text for what is none, and for `*`. */
export function parsePlatform(text: string): Platform {
  const quoted = JSON.stringify(text);
  if (text.includes("*")) throw new Error(`${quoted}: wildcards not yet supported: invalid argument`);
  const parts = text.split("/");
  for (const part of parts) {
    if (!/^[A-Za-z0-9_.-]+(\(.*\))?$/.test(part)) {
      throw new Error(
        `${JSON.stringify(part)} is an invalid component of ${quoted}: platform specifier component must match ` +
          `"^[A-Za-z0-9_.-]+$": invalid argument`,
      );
    }
  }
  const [first = "", second = "", third] = parts.map((part) => part.toLowerCase());
  if (parts.length === 1) {
    const os = first === "macos" ? "darwin" : first;
    if (systems.has(os)) return withVariant(os, hostArchitecture(), undefined);
    const alone = withVariant("linux", first, undefined);
    if (architectures.has(alone.architecture)) return alone;
    throw new Error(`${quoted}: unknown operating system or architecture: invalid argument`);
  }
  if (parts.length > 3) throw new Error(`${quoted}: cannot parse platform specifier: invalid argument`);
  return withVariant(first === "macos" ? "darwin" : first, second, third);
}

function withVariant(os: string, architecture: string, variant: string | undefined): Platform {
  const [arch, kind] = normal(architecture, variant);
  return { os, architecture: arch, ...(kind && { variant: kind }) };
}

function normal(architecture: string, variant: string | undefined): [string, string | undefined] {
  switch (architecture) {
    case "i386":
      return ["386", undefined];
    case "x86_64":
    case "x86-64":
    case "amd64":
      return ["amd64", variant === "v1" ? undefined : variant];
    case "aarch64":
    case "arm64":
      return ["arm64", variant === "8" || variant === "v8" ? undefined : variant];
    case "armhf":
      return ["arm", "v7"];
    case "armel":
      return ["arm", "v6"];
    case "arm":
      return [
        "arm",
        variant === undefined || variant === "7" ? "v7" : /^[568]$/.test(variant) ? `v${variant}` : variant,
      ];
    default:
      return [architecture, variant];
  }
}

/** Writes `linux/arm64/v8`; parts that are missing are left out. Without an `os` it is `unknown`. */
export function formatPlatform(
  platform: { os?: string; architecture?: string; variant?: string } | null | undefined,
): string {
  if (!platform?.os) return "unknown";
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/");
}

/** The `platform` query parameter of image calls: as JSON; undefined for "". */
export function platformJson(platform: string | undefined): string | undefined {
  return platform ? JSON.stringify(parsePlatform(platform)) : undefined;
}
