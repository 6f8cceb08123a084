/** `--security-opt`, `--cap-add`, `--cap-drop`. */
import { errorMessage } from "../../../../lib/errors.ts";
import { readBytes } from "../../../files.ts";
import { absolutePath } from "../../../paths.ts";
import { cut } from "./csv.ts";

export interface SecurityOptions {
  options: string[] | null;
  maskedPaths: string[] | null;
  readonlyPaths: string[] | null;
}

/** A seccomp profile named by file is sent by content; `systempaths=unconfined` becomes empty path lists. */
export async function parseSecurityOptions(given: readonly string[], cwd: string): Promise<SecurityOptions> {
  const options: string[] = [];
  for (const option of given) {
    const byEquals = cut(option, "=");
    const [key, value, found] = byEquals[2] || byEquals[0] === "no-new-privileges" ? byEquals : cut(option, ":");
    if ((!found || value === "") && key !== "no-new-privileges")
      throw new Error(`Invalid --security-opt: ${JSON.stringify(option)}`);
    const isFile = key === "seccomp" && value !== "builtin" && value !== "unconfined";
    options.push(isFile ? `seccomp=${await profile(value, cwd)}` : option);
  }
  const filtered = options.filter((option) => option !== "systempaths=unconfined");
  if (filtered.length === options.length)
    return { options: options.length > 0 ? options : null, maskedPaths: null, readonlyPaths: null };
  return { options: filtered, maskedPaths: [], readonlyPaths: [] };
}

async function profile(file: string, cwd: string): Promise<string> {
  let content: Uint8Array;
  try {
    content = await readBytes(absolutePath(cwd, file), file);
  } catch (error) {
    throw new Error(`opening seccomp profile (${file}) failed: ${errorMessage(error)}`);
  }
  try {
    const text = new TextDecoder().decode(content);
    JSON.parse(text);
    // By text, since 64-bit argument values would not survive as numbers.
    return text.replace(/("(?:\\.|[^"\\])*")|\s+/g, "$1");
  } catch (error) {
    throw new Error(`compacting json for seccomp profile (${file}) failed: ${errorMessage(error)}`);
  }
}

/** Names as `CAP_X` (or `ALL`), sorted and without repetition. Null for none. */
export function normalCapabilities(given: readonly string[]): string[] | null {
  const names = [...new Set(given.map(capability))].sort();
  return names.length > 0 ? names : null;
}

function capability(text: string): string {
  const name = text.trim().toUpperCase();
  return name === "ALL" || name === "RESET" || name.startsWith("CAP_") ? name : `CAP_${name}`;
}
