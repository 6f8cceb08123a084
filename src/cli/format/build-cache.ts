import type { BuildCache } from "../../api/types/build.ts";
import { shortId } from "../../lib/ids.ts";
import { GoTime } from "../../lib/template/time.ts";
import { Row } from "../../lib/template/value.ts";
import { humanDuration, humanSize } from "./units.ts";

export const buildCacheTitles = {
  ID: "CACHE ID",
  Parent: "PARENT",
  CacheType: "CACHE TYPE",
  Size: "SIZE",
  CreatedSince: "CREATED",
  LastUsedSince: "LAST USED",
  UsageCount: "USAGE",
  InUse: "IN USE",
  Shared: "SHARED",
  Description: "DESCRIPTION",
};

export const buildCacheRaw = `build_cache_id: {{.ID}}
parent_id: {{.Parent}}
build_cache_type: {{.CacheType}}
description: {{.Description}}
created_at: {{.CreatedAt}}
created_since: {{.CreatedSince}}
last_used_at: {{.LastUsedAt}}
last_used_since: {{.LastUsedSince}}
usage_count: {{.UsageCount}}
in_use: {{.InUse}}
shared: {{.Shared}}
`;

/** By last use, the longest unused first; never used before all. */
export function sortBuildCache(records: readonly BuildCache[]): BuildCache[] {
  const time = (record: BuildCache) => (record.LastUsedAt ? Date.parse(record.LastUsedAt) : -Infinity);
  return [...records].sort((a, b) => time(a) - time(b) || ((a.ID ?? "") < (b.ID ?? "") ? -1 : 1));
}

export function buildCacheRow(record: BuildCache, noTrunc: boolean): Row {
  const { ID = "", Parents, CreatedAt = "", LastUsedAt, InUse = false } = record;
  const parent = Object.getOwnPropertyDescriptor(record, "Parent")?.value ?? "";
  const since = (time: string) => `${humanDuration(Date.now() - Date.parse(time))} ago`;
  const text = (time: string) => GoTime.parse(time)?.toString() ?? time;
  return new Row("*formatter.buildCacheContext", {
    ID: () => (noTrunc ? ID : shortId(ID)) + (InUse ? "*" : ""),
    Parent: () => {
      const all = Parents && Parents.length > 0 ? Parents.join(", ") : String(parent);
      return noTrunc ? all : shortId(all);
    },
    CacheType: () => record.Type ?? "",
    Description: () => record.Description ?? "",
    Size: () => humanSize(record.Size ?? 0, 3),
    CreatedAt: () => text(CreatedAt),
    CreatedSince: () => since(CreatedAt),
    LastUsedAt: () => (LastUsedAt ? text(LastUsedAt) : ""),
    LastUsedSince: () => (LastUsedAt ? since(LastUsedAt) : ""),
    UsageCount: () => String(record.UsageCount ?? 0),
    InUse: () => String(InUse),
    Shared: () => String(record.Shared ?? false),
  });
}
