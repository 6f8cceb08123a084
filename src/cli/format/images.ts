import type { ImageSummary } from "../../api/types/image.ts";
import { shortId } from "../../lib/ids.ts";
import { GoTime } from "../../lib/template/time.ts";
import { Row } from "../../lib/template/value.ts";
import { familiarName, parseReference, type Reference } from "../reference.ts";
import { ago, humanSize } from "./units.ts";

export const imageTitles = {
  ID: "IMAGE ID",
  Repository: "REPOSITORY",
  Tag: "TAG",
  Digest: "DIGEST",
  CreatedSince: "CREATED",
  CreatedAt: "CREATED AT",
  Size: "SIZE",
  Containers: "CONTAINERS",
  VirtualSize: "SIZE",
  SharedSize: "SHARED SIZE",
  UniqueSize: "UNIQUE SIZE",
};

const tableFormat = "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
const digestTableFormat = "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
const rawFormat = (digest: boolean) =>
  `repository: {{ .Repository }}\ntag: {{.Tag}}\n${digest ? "digest: {{.Digest}}\n" : ""}image_id: {{.ID}}\n` +
  "created_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n";

/** The template behind `--format`, `-q` and `--digests` of image lists. */
export function imageFormat(source: string, quiet: boolean, digests: boolean): string {
  if (source === "table") return quiet ? "{{.ID}}" : digests ? digestTableFormat : tableFormat;
  if (source === "raw") return quiet ? "image_id: {{.ID}}" : rawFormat(digests);
  return source.startsWith("table") && digests && !source.includes("{{.Digest}}") ? `${source}\t{{.Digest}}` : source;
}

export function isDangling({ RepoTags, RepoDigests }: ImageSummary): boolean {
  const tags = RepoTags ?? [];
  const digests = RepoDigests ?? [];
  if (tags.length === 0 && digests.length === 0) return true;
  return tags.length === 1 && tags[0] === "<none>:<none>" && digests.length === 1 && digests[0] === "<none>@<none>";
}

export interface ImageRowOptions {
  noTrunc: boolean;
  /** A row for each digest too. */
  digests: boolean;
}

/** The rows of an image: one for each of its names. */
export function imageRows(image: ImageSummary, { noTrunc, digests }: ImageRowOptions, showsDigest = digests): Row[] {
  if (isDangling(image)) return [imageRow(image, { repository: "<none>", tag: "<none>", digest: "<none>", noTrunc })];
  const tags = byRepository(image.RepoTags ?? [], ({ tag }) => tag);
  const repoDigests = byRepository(image.RepoDigests ?? [], ({ digest }) => digest);
  const rows: Row[] = [];
  const add = (repository: string, tag: string, digest: string) =>
    rows.push(imageRow(image, { repository, tag, digest, noTrunc }));
  for (const [repository, names] of tags) {
    const own = repoDigests.get(repository) ?? [];
    repoDigests.delete(repository);
    for (const tag of names) {
      if (!showsDigest || own.length === 0) add(repository, tag, "<none>");
      else for (const digest of own) add(repository, tag, digest);
    }
  }
  for (const [repository, own] of repoDigests) {
    if (digests) for (const digest of own) add(repository, "<none>", digest);
    else add(repository, "<none>", "");
  }
  return rows;
}

function byRepository(
  names: readonly string[],
  part: (reference: Reference) => string | undefined,
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of names) {
    let reference: Reference;
    try {
      reference = parseReference(name);
    } catch {
      continue;
    }
    const value = part(reference);
    const repository = familiarName(reference);
    if (value !== undefined) found.set(repository, [...(found.get(repository) ?? []), value]);
  }
  return found;
}

/** One row under one name. */
export function imageRow(
  image: ImageSummary,
  { repository, tag, digest, noTrunc }: { repository: string; tag: string; digest: string; noTrunc: boolean },
): Row {
  const size = (bytes: number) => (bytes === -1 ? "N/A" : humanSize(bytes));
  return new Row("*formatter.imageContext", {
    ID: () => (noTrunc ? image.Id : shortId(image.Id)),
    Repository: () => repository,
    Tag: () => tag,
    Digest: () => digest,
    CreatedSince: () => ago(image.Created),
    CreatedAt: () => GoTime.unix(image.Created).toString(),
    Size: () => humanSize(image.Size, 3),
    Containers: () => (image.Containers === -1 ? "N/A" : String(image.Containers)),
    VirtualSize: () => humanSize(image.Size),
    SharedSize: () => size(image.SharedSize),
    UniqueSize: () => (image.Size === -1 || image.SharedSize === -1 ? "N/A" : humanSize(image.Size - image.SharedSize)),
  });
}
