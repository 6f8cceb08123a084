import { indentJson } from "../../../lib/template/json.ts";
import { rangeArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool } from "../../flags/kinds.ts";
import { manifestListBytes } from "../../manifest/list.ts";
import { manifestReference, openRegistry } from "../../manifest/open-registry.ts";
import { isList } from "../../manifest/registry.ts";
import { getList, getManifest, type StoredManifest } from "../../manifest/store.ts";
import { fullString, type Reference } from "../../reference.ts";

export default defineCommand({
  usage: "[OPTIONS] [MANIFEST_LIST] MANIFEST",
  args: rangeArgs(1, 2),
  flags: {
    insecure: bool("Talk to a registry without TLS or with a certificate that nobody signed"),
    verbose: bool("Show platform, layers and digest too", { short: "v" }),
  },
  async run(deps, [first = "", second], { insecure, verbose }) {
    const reference = manifestReference(second ?? first);
    if (second !== undefined) {
      const stored = await getManifest(deps.configDir, manifestReference(first), reference);
      if (!stored) throw new CliError(`No such manifest: ${fullString(reference)}`);
      deps.out.write(manifestText(stored, verbose));
      return;
    }
    const local = await getList(deps.configDir, reference);
    if (local) {
      deps.out.write(listText(reference, local, verbose));
      return;
    }
    const registry = openRegistry(deps, insecure);
    const fetched = await registry.fetchManifest(reference);
    if (!fetched) throw new CliError(`no such manifest: ${fullString(reference)}`);
    if (!isList(fetched.mediaType)) deps.out.write(manifestText(await registry.getManifest(reference), verbose));
    else if (verbose) deps.out.write(listText(reference, await registry.getList(reference, fetched), true));
    else deps.out.write(`${indentJson(Buffer.from(fetched.bytes).toString(), "   ")}\n`);
  },
});

function manifestText(manifest: StoredManifest, verbose: boolean): string {
  if (verbose) return `${JSON.stringify(manifest, null, "\t")}\n`;
  const raw = manifest.Raw
    ? Buffer.from(manifest.Raw, "base64").toString()
    : JSON.stringify(manifest.OCIManifest ?? manifest.SchemaV2Manifest);
  return `${indentJson(raw, "\t")}\n`;
}

function listText(reference: Reference, manifests: readonly StoredManifest[], verbose: boolean): string {
  return verbose
    ? `${JSON.stringify(manifests, null, "\t")}\n`
    : `${Buffer.from(manifestListBytes(reference, manifests)).toString()}\n`;
}
