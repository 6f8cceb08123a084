import type { ContainerSummary } from "../../../api/types/container.ts";
import { containerFormat, containerRow, containerTitles } from "../../format/containers.ts";
import { formatRows } from "../../format/rows.ts";

/** The list through a template. */
export function formatList(source: string, containers: readonly ContainerSummary[], { noTrunc, size }: { noTrunc: boolean; size: boolean }): string {
  return formatRows(containerFormat(source, false, size), containerTitles, containers.map((container) => containerRow(container, { noTrunc })));
}

/** Whether the template shows sizes, which cost the engine dear. A template that fails is left to the real run. */
export function usesSize(source: string): boolean {
  if (source === "json") return false;
  let used = false;
  const row = containerRow({}, { noTrunc: false, onUse: (field) => (used ||= field === "Size") });
  try {
    formatRows(containerFormat(source, false, false), containerTitles, [row]);
  } catch {
    return false;
  }
  return used;
}
