import { headerFunctions } from "../../lib/template/functions.ts";
import { parseTemplate, type Template, TemplateError } from "../../lib/template/template.ts";
import { HeaderRow, type Row } from "../../lib/template/value.ts";
import { alignTabs } from "./tabs.ts";

/** A template that cannot be used; said as `template parsing error: …`. */
export function templateFailure(error: unknown): Error {
  return error instanceof TemplateError
    ? new Error(`template parsing error: ${error.message}`, { cause: error })
    : asError(error);
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));

/** What `--format` of list commands means: `table TEMPLATE`, `json`, or a template for each line. */
export class RowFormat {
  readonly isTable: boolean;
  readonly #template: Template;

  /** Throws `template parsing error: …`. */
  constructor(format: string) {
    this.isTable = format.startsWith("table");
    let text = this.isTable ? format.slice(5) : format === "json" ? "{{json .}}" : format;
    text = text
      .replace(/^ +| +$/g, "")
      .replaceAll("\\t", "\t")
      .replaceAll("\\n", "\n");
    try {
      this.#template = parseTemplate(text);
    } catch (error) {
      throw templateFailure(error);
    }
  }

  /** One row, with its newline. */
  row(row: Row): string {
    try {
      return `${this.#template.run(row)}\n`;
    } catch (error) {
      throw templateFailure(error);
    }
  }

  /** The header of a table, without its newline; what of it cannot be made is left out, as Docker does. */
  header(titles: Readonly<Record<string, string>>): string {
    let out = "";
    try {
      this.#template.run(new HeaderRow(titles), { functions: headerFunctions, write: (piece) => (out += piece) });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
    }
    return out;
  }

  /** Any value through the template, without a newline added. */
  run(data: unknown): string {
    try {
      return this.#template.run(data);
    } catch (error) {
      throw templateFailure(error);
    }
  }
}

/** All rows as one text: an aligned table with its header, or the rows one after the other. */
export function formatRows(format: string, titles: Readonly<Record<string, string>>, rows: Iterable<Row>): string {
  const rowFormat = new RowFormat(format);
  let body = "";
  for (const row of rows) body += rowFormat.row(row);
  return rowFormat.isTable ? alignTabs(`${rowFormat.header(titles)}\n${body}`) : body;
}
