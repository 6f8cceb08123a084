import { errorMessage } from "../../lib/errors.ts";
import { escapeHtml } from "../../lib/escape-html.ts";
import { compactJson, indentJson, parseJson } from "../../lib/template/json.ts";
import { struct } from "../../lib/template/shape.ts";
import { parseTemplate, type Template, TemplateError } from "../../lib/template/template.ts";
import type { Shape } from "../../lib/template/types.ts";
import { Struct } from "../../lib/template/value.ts";
import type { CommandDeps } from "../deps.ts";
import { CliError } from "../errors.ts";
import { templateFailure } from "./rows.ts";
import type { ShapeName } from "./shapes/load.ts";

/** A thing as the daemon sent it, and the Go type that templates see it through. */
export interface Inspected {
  /** The JSON text of the answer. */
  raw: string;
  shape?: Shape;
  /** False: a template that does not fit the type is not tried on the raw JSON (volumes, contexts). */
  rawToo?: boolean;
}

/** Output and errors of an inspect command over several names. */
export interface Inspection {
  stdout: string;
  /** In the order of the names; when there is one the command ends with 1. */
  errors: Error[];
}

/**
 * What inspect commands print: the things as one indented JSON list, as one compact list (`json`), or each
 * through a template. A template that does not fit the type is tried on the raw JSON, so that both Go names
 * (`.ID`) and wire names (`.Id`) work. A template that does not parse throws at once.
 */
export async function inspectAll(
  names: readonly string[],
  format: string,
  get: (name: string) => Promise<Inspected>,
): Promise<Inspection> {
  const template = format === "" || format === "json" ? null : parse(format);
  const errors: Error[] = [];
  const parts: string[] = [];
  for (const name of names) {
    try {
      const inspected = await get(name);
      // What docker marshals anew, from its own type, comes with HTML escaped.
      parts.push(
        template
          ? `${render(template, inspected)}\n`
          : inspected.rawToo === false
            ? escapeHtml(inspected.raw.trim())
            : inspected.raw.trim(),
      );
    } catch (error) {
      errors.push(error instanceof Error ? error : new Error(String(error)));
    }
  }
  if (template) return { stdout: parts.join("") || "\n", errors };
  if (parts.length === 0) return { stdout: "[]\n", errors };
  const list = `[${parts.join(",")}]`;
  return { stdout: `${format === "json" ? compactJson(list) : indentJson(list, "    ")}\n`, errors };
}

/**
 * Runs an inspect command: prints what was found, then fails with the errors of what was not. `getRaw` gives the
 * engine's own JSON text. `rawToo`: see {@link Inspected}.
 */
export async function printInspection(
  { out }: CommandDeps,
  names: readonly string[],
  format: string,
  kind: ShapeName,
  getRaw: (name: string) => Promise<string>,
  rawToo = true,
): Promise<void> {
  const shape =
    format === "" || format === "json"
      ? undefined
      : await import("./shapes/load.ts").then(({ shapeOf }) => shapeOf(kind));
  let inspection: Inspection;
  try {
    inspection = await inspectAll(names, format, async (name) => ({
      raw: await getRaw(name),
      ...(shape && { shape }),
      rawToo,
    }));
  } catch (error) {
    throw new CliError(errorMessage(error), 64);
  }
  out.write(inspection.stdout);
  if (inspection.errors.length > 0) throw new CliError(inspection.errors.map(({ message }) => message).join("\n"));
}

function parse(format: string): Template {
  try {
    return parseTemplate(format);
  } catch (error) {
    throw templateFailure(error);
  }
}

function render(template: Template, { raw, shape, rawToo = true }: Inspected): string {
  const json = parseJson(raw);
  try {
    if (!shape) return template.run(json, { missingKey: "error" });
    const typed = struct(shape, json);
    return template.run(new Struct(typed.shape, typed.json));
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    if (!shape || !rawToo) throw templateFailure(error);
  }
  try {
    return template.run(json, { missingKey: "error" });
  } catch (error) {
    throw templateFailure(error);
  }
}
