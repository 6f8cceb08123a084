import type { ContainerSummary } from "../../../api/types/container.ts";
import { parseTemplate, TemplateError } from "../../../lib/template/template.ts";
import { containerFormat, containerRow, containerTitles } from "../../format/containers.ts";
import { formatRows } from "../../format/rows.ts";

/** The list through a template. */
export function formatList(
  source: string,
  containers: readonly ContainerSummary[],
  { noTrunc, size }: { noTrunc: boolean; size: boolean },
): string {
  return formatRows(
    containerFormat(source, false, size),
    containerTitles,
    containers.map((container) => containerRow(container, { noTrunc })),
  );
}

/**
 * Whether the template shows sizes, which cost the engine dear. It is tried on an empty container, as Docker does
 * before it asks for any: a template that fails is told so.
 */
export function usesSize(source: string): boolean {
  if (source === "json" || source === "table" || source === "raw") return false;
  let used = false;
  const row = containerRow({}, { noTrunc: false, onUse: (field) => (used ||= field === "Size") });
  const template = orFail("parse", () => parseTemplate(source));
  orFail("execute", () => template.run(row));
  return used;
}

function orFail<T>(what: "parse" | "execute", work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof TemplateError
      ? new Error(`failed to ${what} template: ${error.message}`, { cause: error })
      : error;
  }
}
