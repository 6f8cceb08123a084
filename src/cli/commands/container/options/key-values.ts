/** Environment variables, labels, and the files that hold them. */

import { own } from "../../../../lib/own.ts";
import { readBytes } from "../../../files.ts";
import { absolutePath } from "../../../paths.ts";
import { cut } from "./csv.ts";

/** Where a command line is read: what it may look up. */
export interface Surroundings {
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
}

export function checkEnv(text: string): string {
  if (cut(text, "=")[0] === "") throw new Error(`invalid environment variable: ${text}`);
  return text;
}

export function checkLabel(text: string): string {
  const key = cut(text, "=")[0].replace(/^[ \t]+/, "");
  if (key === "") throw new Error(`invalid label '${text}': empty name`);
  if (/[ \t]/.test(key)) throw new Error(`label '${key}' contains whitespaces`);
  return text;
}

/** `-e NAME` takes NAME's value from the surroundings, where it has one. */
export function resolveEnv(text: string, { env }: Surroundings): string {
  if (text.includes("=")) return text;
  const value = own(env, text);
  return value === undefined ? text : `${text}=${value}`;
}

/**
 * The lines of files, then the ones given. `lookUp` fills keys that stand without a value; those it does not know are
 * left out.
 */
export async function withFiles(
  files: readonly string[],
  given: readonly string[],
  { cwd }: Surroundings,
  lookUp?: (key: string) => string | undefined,
): Promise<string[]> {
  const lines: string[] = [];
  for (const file of files)
    lines.push(...parseKeyValueFile(await readBytes(absolutePath(cwd, file), file), file, lookUp));
  return [...lines, ...given];
}

/** A file of `KEY=value` lines, `#` comments and empty lines. */
function parseKeyValueFile(content: Uint8Array, name: string, lookUp?: (key: string) => string | undefined): string[] {
  const fail = (problem: string): never => {
    throw new Error(`invalid env file (${name}): ${problem}`);
  };
  let text: string;
  try {
    // The decoder drops a byte order mark.
    text = new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return fail(`invalid utf8 bytes at line ${badLine(content)}`);
  }
  const out: string[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.replace(/\r$/, "").trimStart();
    if (line === "" || line[0] === "#") continue;
    const [key, , hasValue] = cut(line, "=");
    if (key === "") fail(`no variable name on line '${line}'`);
    if (/[ \t]/.test(key)) fail(`variable '${key}' contains whitespaces`);
    const value = hasValue ? undefined : lookUp?.(key);
    if (hasValue) out.push(line);
    else if (value !== undefined) out.push(`${key}=${value}`);
  }
  return out;
}

function badLine(content: Uint8Array): number {
  let line = 1;
  for (let from = 0; from <= content.length; line++) {
    const end = content.indexOf(10, from);
    const part = content.subarray(from, end < 0 ? undefined : end);
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(part);
    } catch {
      return line;
    }
    if (end < 0) break;
    from = end + 1;
  }
  return line;
}
