import { errorMessage } from "../../../lib/errors.ts";
import type { CommandDeps } from "../../deps.ts";
import { CliError } from "../../errors.ts";
import { readBytes } from "../../files.ts";

/** What a secret or config is to have: a file's content, or standard input where that is `-`. Throws Docker's texts. */
export async function readContent(deps: CommandDeps, kind: "secret" | "config", file: string): Promise<Buffer> {
  if (kind === "secret") return read(deps, kind, file);
  try {
    return await read(deps, kind, file);
  } catch (error) {
    throw new CliError(`Error reading content from ${JSON.stringify(file)}: ${errorMessage(error)}`);
  }
}

async function read({ stdin }: CommandDeps, kind: "secret" | "config", file: string): Promise<Buffer> {
  if (file === "") throw new CliError(`${kind} file is required`);
  if (file === "-") {
    const chunks: Uint8Array[] = [];
    for await (const chunk of stdin.stream()) chunks.push(chunk.slice());
    const data = Buffer.concat(chunks);
    if (data.length === 0) throw new CliError("error reading from STDIN: data is empty");
    return data;
  }
  try {
    const data = Buffer.from(await readBytes(file));
    if (data.length === 0) throw new Error("data is empty");
    return data;
  } catch (error) {
    throw new CliError(`error reading from ${file}: ${errorMessage(error)}`);
  }
}
