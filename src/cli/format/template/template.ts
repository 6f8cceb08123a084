import { execute } from "./exec.ts";
import { dockerFunctions, type FunctionTable } from "./functions.ts";
import { parse } from "./parse.ts";

export { TemplateError } from "./parse.ts";

export interface Template {
  /** Runs on a value; throws {@link TemplateError}, after `write` has had what came before. */
  run(data: unknown, options?: RunOptions): string;
}

export interface RunOptions {
  functions?: FunctionTable;
  missingKey?: "error";
  write?: (piece: string) => void;
}

/** Parses a Go template with Docker's functions; throws {@link TemplateError}. */
export function parseTemplate(text: string): Template {
  const parsed = parse(text, (name) => Object.hasOwn(dockerFunctions, name));
  return {
    run(data, { functions = dockerFunctions, missingKey, write } = {}) {
      let out = "";
      execute(parsed, text, data, write ?? ((piece) => (out += piece)), { functions, ...(missingKey && { missingKey }) });
      return out;
    },
  };
}
