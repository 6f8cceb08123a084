import type { Descriptor, OciImageConfigFile } from "../../oci/image.ts";
import { isIndex, mediaTypes } from "../../oci/media-types.ts";
import type { RegistryDeps } from "../deps.ts";
import { platformText, readImageConfig } from "../manifest/config.ts";
import { findManifest, listReferrers, type ManifestRow, setPlatform } from "../metadata/manifests.ts";
import { describeHistory, type HistoryLine } from "./history.ts";

/** One image of an index; `size` in bytes. */
export interface PlatformEntry {
  platform: string;
  digest: string;
  /** Of config and layers; undefined where that manifest is not here. */
  size?: number;
}

/** A line of the page's list of tags. `updated`: milliseconds since 1970; `size`: bytes. */
export interface TagEntry {
  name: string;
  digest: string;
  updated: number;
  size: number;
  platforms: string[];
}

/**
 * What the page shows of a manifest. `size`: bytes; `pushed` and `pulled`: milliseconds since 1970, `pulled` undefined:
 * never; `created`: as the image's configuration writes it.
 */
export interface ImageDescription {
  digest: string;
  mediaType: string;
  artifactType?: string;
  size: number;
  pushed: number;
  pushedBy?: string;
  pulled?: number;
  tags: string[];
  annotations: Record<string, string>;
  /** Of an index. */
  platforms?: PlatformEntry[];
  /** Of an image. */
  platform?: string;
  created?: string;
  layers?: { digest: string; size: number; mediaType: string }[];
  history?: HistoryLine[];
  config?: {
    user?: string;
    env?: string[];
    entrypoint?: string[];
    cmd?: string[];
    workingDir?: string;
    ports?: string[];
    volumes?: string[];
    labels?: Record<string, string>;
  };
  referrers: { digest: string; artifactType?: string; size: number }[];
}

interface Document {
  config?: Descriptor;
  layers?: Descriptor[];
  manifests?: Descriptor[];
  annotations?: Record<string, string>;
}

/** Manifests were checked when they were stored. */
function documentOf(row: Pick<ManifestRow, "content">): Document {
  const document: Document = JSON.parse(new TextDecoder().decode(row.content));
  return document;
}

/** Every tag of a repository with what a list shows of it, latest first. */
export async function describeTags(deps: RegistryDeps, repository: string): Promise<TagEntry[]> {
  const rows = deps.db
    .query<ManifestRow & { tag: string; updated: number }, [string]>(
      `SELECT manifest.*, tag.name AS tag, updated FROM tag JOIN manifest ON manifest.id = tag.manifest
       WHERE tag.repository = (SELECT id FROM repository WHERE name = ?) ORDER BY updated DESC, tag.name`,
    )
    .all(repository);
  const known = new Map<string, Pick<TagEntry, "size" | "platforms">>();
  const entries: TagEntry[] = [];
  for (const row of rows) {
    const seen = known.get(row.digest) ?? {
      size: sizeOf(deps, repository, row),
      platforms: await platformsOf(deps, row),
    };
    known.set(row.digest, seen);
    entries.push({ name: row.tag, digest: row.digest, updated: row.updated, ...seen });
  }
  return entries;
}

/** Everything about one manifest that the page shows. */
export async function describeImage(
  deps: RegistryDeps,
  repository: string,
  row: ManifestRow,
): Promise<ImageDescription> {
  const document = documentOf(row);
  const tags = deps.db
    .query<{ name: string }, [number]>("SELECT name FROM tag WHERE manifest = ? ORDER BY name")
    .all(row.id);
  const description: ImageDescription = {
    digest: row.digest,
    mediaType: row.media_type,
    size: sizeOf(deps, repository, row),
    pushed: row.pushed,
    tags: tags.map(({ name }) => name),
    annotations: document.annotations ?? {},
    referrers: listReferrers(deps.db, repository, row.digest, "", 100).map(({ digest, artifact_type, content }) => ({
      digest,
      size: content.length,
      ...(artifact_type && { artifactType: artifact_type }),
    })),
    ...(row.artifact_type && { artifactType: row.artifact_type }),
    ...(row.pushed_by && { pushedBy: row.pushed_by }),
    ...(row.pulled && { pulled: row.pulled }),
  };
  if (isIndex(row.media_type)) {
    description.platforms = (document.manifests ?? []).map(({ digest, platform, annotations }) => {
      const child = findManifest(deps.db, repository, { digest });
      return {
        platform: platformText(platform) ?? annotations?.["vnd.docker.reference.type"] ?? "unknown",
        digest,
        ...(child && { size: sizeOf(deps, repository, child) }),
      };
    });
    return description;
  }
  description.layers = (document.layers ?? []).map(({ digest, size, mediaType }) => ({ digest, size, mediaType }));
  const config =
    document.config && isImageConfig(document.config)
      ? await readImageConfig(deps.storage, document.config.digest)
      : undefined;
  if (config) Object.assign(description, describeConfig(config, document.layers ?? []));
  return description;
}

function describeConfig(file: Partial<OciImageConfigFile>, layers: readonly Descriptor[]): Partial<ImageDescription> {
  const { User, Env, Entrypoint, Cmd, WorkingDir, ExposedPorts, Volumes, Labels } = file.config ?? {};
  const platform = platformText(file);
  return {
    ...(platform && { platform }),
    ...(file.created && { created: file.created }),
    history: describeHistory(file.history ?? [], layers),
    config: {
      ...(User && { user: User }),
      ...(Env && { env: Env }),
      ...(Entrypoint && { entrypoint: Entrypoint }),
      ...(Cmd && { cmd: Cmd }),
      ...(WorkingDir && { workingDir: WorkingDir }),
      ...(ExposedPorts && { ports: Object.keys(ExposedPorts) }),
      ...(Volumes && { volumes: Object.keys(Volumes) }),
      ...(Labels && { labels: Labels }),
    },
  };
}

async function platformsOf(deps: RegistryDeps, row: ManifestRow): Promise<string[]> {
  const document = documentOf(row);
  if (document.manifests) return document.manifests.flatMap(({ platform }) => platformText(platform) ?? []);
  if (row.platform !== null) return row.platform === "" ? [] : [row.platform];
  if (!document.config || !isImageConfig(document.config)) return [];
  // It came through a mirror, where the configuration comes after the manifest.
  const file = await readImageConfig(deps.storage, document.config.digest);
  if (!file) return [];
  const platform = platformText(file) ?? "";
  setPlatform(deps.db, row.id, platform);
  return platform === "" ? [] : [platform];
}

function isImageConfig({ mediaType }: Descriptor): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}

/** Bytes that a pull of it fetches; for an index, of all its platforms together. */
function sizeOf(deps: RegistryDeps, repository: string, row: ManifestRow): number {
  const named = deps.db
    .query<{ digest: string; kind: number; size: number }, [number]>(
      "SELECT digest, kind, size FROM reference WHERE manifest = ?",
    )
    .all(row.id);
  return named.reduce((sum, { digest, kind, size }) => {
    const child = kind === 1 ? findManifest(deps.db, repository, { digest }) : undefined;
    return sum + (kind === 0 ? size : child && child.id !== row.id ? sizeOf(deps, repository, child) : 0);
  }, 0);
}
