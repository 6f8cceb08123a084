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

/** Parses a Go template (`name` stands in error texts) with Docker's functions; throws {@link TemplateError}. */
export function parseTemplate(text: string, name = ""): Template {
  const parsed = parse(text, (word) => Object.hasOwn(dockerFunctions, word), name);
  return {
    run(data, { functions = dockerFunctions, missingKey, write } = {}) {
      let out = "";
      execute(parsed, text, data, write ?? ((piece) => (out += piece)), {
        functions,
        name,
        ...(missingKey && { missingKey }),
      });
      return out;
    },
  };
}
