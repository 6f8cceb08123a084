/**
 * The usual table of `ps`, made without the template engine: it is what is printed most, and loading that costs most.
 */
import type { ContainerSummary } from "../../../api/types/container.ts";
import { containerRow, containerTitles, tableColumns } from "../../format/containers.ts";
import { alignTabs } from "../../format/tabs.ts";

export function listTable(
  containers: readonly ContainerSummary[],
  { noTrunc, size }: { noTrunc: boolean; size: boolean },
): string {
  const shown = tableColumns(size);
  let text = `${shown.map((column) => containerTitles[column]).join("\t")}\n`;
  for (const container of containers) {
    const { methods } = containerRow(container, { noTrunc });
    text += `${shown.map((column) => methods[column]?.() ?? "").join("\t")}\n`;
  }
  return alignTabs(text);
}
