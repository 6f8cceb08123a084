import type { StageResult } from "../../builder/result.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import type { HistoryEntry } from "../../oci/image.ts";
import { parseImageConfig } from "../../oci/parse.ts";
import { hostPlatform, parsePlatform } from "../../oci/platform.ts";
import type { ServerDeps } from "../deps.ts";
import { exportAll } from "./export/exporters.ts";
import type { ExporterResponse, Job, Returned } from "./jobs.ts";
import { definitionsOf } from "./solve-definition.ts";

const configKey = "containerimage.config";

/** Makes of what a frontend returned all that the client asked for; what images say of themselves the frontend says. */
export async function exportDefinitions(
  deps: ServerDeps,
  job: Job,
  { refs, metadata }: Exclude<Returned, { error: unknown }>,
): Promise<ExporterResponse> {
  const results: StageResult[] = [];
  for (const { id, platform } of refs) {
    const held = deps.buildkit.jobs.results.get(id);
    if (!held) throw invalid(`no such ref ${id}`);
    const config = metadata.get(platform === undefined ? configKey : `${configKey}/${platform}`);
    results.push(configured(await held.layers(), config, platform));
  }
  const { solved } = await definitionsOf(deps, job);
  return exportAll(deps, job, solved(results));
}

/** A result with the configuration that a frontend gave; its history has an entry for each layer. */
function configured(result: StageResult, text: Uint8Array | undefined, platform: string | undefined): StageResult {
  if (text === undefined) return platform === undefined ? result : { ...result, platform: parsePlatform(platform) };
  const { config = {}, history = [], author = "", created = "", architecture, os, variant } = readConfig(text);
  return {
    ...result,
    config: config ?? {},
    history: completed(history, result.history),
    author,
    created: created || result.created,
    platform:
      platform === undefined
        ? { os, architecture, ...(variant !== undefined && { variant }) }
        : parsePlatform(platform),
  };
}

/** A frontend's history with the times of the layers, and with those layers that it does not name. */
function completed(told: readonly HistoryEntry[], made: readonly HistoryEntry[]): HistoryEntry[] {
  const layers = made.filter(({ empty_layer: empty }) => !empty);
  let at = 0;
  let last = layers[0]?.created;
  const timed = told.map((entry) => {
    const created = entry.created ?? (entry.empty_layer ? last : layers[at]?.created);
    if (!entry.empty_layer) at++;
    last = created ?? last;
    return { ...entry, ...(created && { created }) };
  });
  return [...timed, ...layers.slice(at)];
}

function readConfig(text: Uint8Array) {
  try {
    const given: unknown = JSON.parse(Buffer.from(text).toString("utf8"));
    // Layers are what was built, whatever a frontend thinks they are.
    const file = { ...hostPlatform(), ...(isRecord(given) && given), rootfs: { type: "layers", diff_ids: [] } };
    return parseImageConfig(Buffer.from(JSON.stringify(file)));
  } catch (error) {
    throw invalid(`invalid image configuration from the frontend: ${errorMessage(error)}`);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
