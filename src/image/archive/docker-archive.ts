import { invalid } from "../../lib/errors.ts";
import { parseJson } from "../../lib/parse-json.ts";
import { isObject } from "../../oci/parse.ts";
import { parseReference, type Reference } from "../../oci/reference.ts";
import type { FoundEntry } from "./found.ts";
import type { ArchiveFiles } from "./members.ts";

/** Reads what `docker save` writes: `manifest.json` with a list of configurations, layers and tags. */
export async function readDockerArchive(files: ArchiveFiles): Promise<FoundEntry[]> {
  const list = parse(await files.read("manifest.json"));
  return Promise.all(
    list.map(
      async (item): Promise<FoundEntry> => ({
        images: [{ config: await files.read(item.config), layers: item.layers.map((name) => ({ name })) }],
        names: item.tags,
      }),
    ),
  );
}

interface Item {
  config: string;
  layers: string[];
  tags: Reference[];
}

function parse(content: Uint8Array): Item[] {
  let list: unknown;
  try {
    list = parseJson(Buffer.from(content).toString("utf8"));
  } catch (cause) {
    throw invalid("invalid manifest.json in archive", cause);
  }
  if (!Array.isArray(list)) throw invalid("invalid manifest.json in archive");
  return list.map((item: unknown) => {
    if (!isObject(item) || typeof item.Config !== "string" || !isStrings(item.Layers ?? []))
      throw invalid("invalid manifest.json in archive");
    const layers = isStrings(item.Layers) ? item.Layers : [];
    const tags = isStrings(item.RepoTags) ? item.RepoTags : [];
    return { config: item.Config, layers, tags: tags.map(tagOf) };
  });
}

function tagOf(text: string): Reference {
  const ref = parseReference(text);
  if (ref.tag === undefined) throw invalid(`invalid tag ${JSON.stringify(text)}`);
  return ref;
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
