import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool } from "../../flags/kinds.ts";
import { manifestListBytes } from "../../manifest/list.ts";
import { manifestReference, openRegistry } from "../../manifest/open-registry.ts";
import { listType, type RegistryClient } from "../../manifest/registry.ts";
import { needList, removeList, type StoredManifest } from "../../manifest/store.ts";
import { fullString, parseReference, type Reference } from "../../reference.ts";

export default defineCommand({
  usage: "[OPTIONS] MANIFEST_LIST",
  args: exactArgs(1),
  flags: {
    insecure: bool("Talk to a registry without TLS or with a certificate that nobody signed"),
    purge: bool("Forget the list once it is sent", { short: "p" }),
  },
  async run(deps, [name = ""], { insecure, purge }) {
    const target = manifestReference(name);
    const manifests = await needList(deps.configDir, target);
    if (manifests.length === 0) throw new CliError(`${fullString(target)} not found`);
    for (const { Ref, Descriptor } of manifests) {
      if (!Descriptor.platform?.os || !Descriptor.platform.architecture)
        throw new CliError(`manifest ${Ref} must have an OS and Architecture to be pushed to a registry`);
    }
    const list = manifestListBytes(target, manifests);
    const registry = openRegistry(deps, insecure);
    for (const manifest of manifests) {
      const source = parseReference(manifest.Ref);
      if (source.path === target.path) continue;
      const { reference, digest } = await bringOver(registry, target, source, manifest);
      deps.out.write(`Pushed ref ${fullString(reference)} with digest: ${digest}\n`);
    }
    deps.out.write(`${await registry.putManifest(target, listType, list)}\n`);
    if (purge) await removeList(deps.configDir, target);
  },
});

/** Makes a manifest of another repository, and what it names, known in the list's own. */
async function bringOver(
  registry: RegistryClient,
  { domain, path }: Reference,
  source: Reference,
  manifest: StoredManifest,
): Promise<{ reference: Reference; digest: string }> {
  const { config, layers = [] } = manifest.OCIManifest ?? manifest.SchemaV2Manifest ?? {};
  const { mediaType, digest } = manifest.Descriptor;
  const reference = { domain, path, digest };
  for (const blob of [...(config ? [config] : []), ...layers])
    await registry.mountBlob({ domain, path }, source, blob.digest);
  if (!manifest.Raw) throw new CliError(`${manifest.Ref} has no payload`);
  return { reference, digest: await registry.putManifest(reference, mediaType, Buffer.from(manifest.Raw, "base64")) };
}
