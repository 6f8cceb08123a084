import { errorMessage } from "../../../lib/errors.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { string, stringSlice } from "../../flags/kinds.ts";
import { manifestReference } from "../../manifest/open-registry.ts";
import { getManifest, saveManifest } from "../../manifest/store.ts";
import type { Reference } from "../../reference.ts";

/** What registries accept as a platform in a list. */
const known = new Set([
  "darwin/386",
  "darwin/amd64",
  "darwin/arm",
  "darwin/arm64",
  "dragonfly/amd64",
  "freebsd/386",
  "freebsd/amd64",
  "freebsd/arm",
  "linux/386",
  "linux/amd64",
  "linux/arm",
  "linux/arm64",
  "linux/loong64",
  "linux/mips64",
  "linux/mips64le",
  "linux/ppc64le",
  "linux/riscv64",
  "linux/s390x",
  "netbsd/386",
  "netbsd/amd64",
  "netbsd/arm",
  "openbsd/386",
  "openbsd/amd64",
  "openbsd/arm",
  "plan9/386",
  "plan9/amd64",
  "solaris/amd64",
  "windows/386",
  "windows/amd64",
  "windows/arm64",
]);

export default defineCommand({
  usage: "[OPTIONS] MANIFEST_LIST MANIFEST",
  args: exactArgs(2),
  flags: {
    arch: string("Architecture"),
    os: string("Operating system"),
    "os-features": stringSlice("Feature that the operating system must have"),
    "os-version": string("Version of the operating system"),
    variant: string("Variant of the architecture"),
  },
  async run(deps, [listName = "", name = ""], flags) {
    const list = parse(listName, "manifest list");
    const reference = parse(name, "manifest");
    const stored = await getManifest(deps.configDir, list, reference);
    if (!stored) throw new CliError(`manifest for image ${name} does not exist in ${listName}`);
    const old = stored.Descriptor.platform;
    const features = [...new Set([...(old?.["os.features"] ?? []), ...flags["os-features"]])];
    const version = flags["os-version"] || old?.["os.version"];
    const variant = flags.variant || old?.variant;
    const platform = {
      architecture: flags.arch || old?.architecture || "",
      os: flags.os || old?.os || "",
      ...(version && { "os.version": version }),
      ...(features.length > 0 && { "os.features": features }),
      ...(variant && { variant }),
    };
    if (!known.has(`${platform.os}/${platform.architecture}`)) {
      throw new CliError(
        `manifest entry for image has unsupported os/arch combination: ${platform.os}/${platform.architecture}`,
      );
    }
    await saveManifest(deps.configDir, list, reference, { ...stored, Descriptor: { ...stored.Descriptor, platform } });
  },
});

function parse(name: string, what: string): Reference {
  try {
    return manifestReference(name);
  } catch (error) {
    throw new CliError(`annotate: error parsing name for ${what} ${name}: ${errorMessage(error)}`);
  }
}
