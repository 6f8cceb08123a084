import { once } from "node:events";
import { createWriteStream, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { ContainerDeps } from "../deps.ts";
import { logPath } from "../paths.ts";

/** A piece of another engine's log: a line with its newline, or part of one. */
export interface LogLine {
  stream: "stdout" | "stderr";
  /** RFC 3339 in UTC. */
  time: string;
  text: string;
}

/** Writes the log of a container that has never run here, in the form that the monitor goes on in. */
export async function writeLog(deps: ContainerDeps, id: string, lines: AsyncIterable<LogLine>): Promise<void> {
  const path = logPath(deps, id);
  mkdirSync(dirname(path), { recursive: true, mode: 0o710 });
  const out = createWriteStream(path, { flags: "wx", mode: 0o600 });
  try {
    for await (const { stream, time, text } of lines) {
      const whole = text.endsWith("\n");
      const line = `${nanos(time)} ${stream} ${whole ? "F" : "P"} ${whole ? text : `${text}\n`}`;
      if (!out.write(line)) await once(out, "drain");
    }
    out.end();
    await once(out, "close");
  } catch (error) {
    out.destroy();
    throw error;
  }
}

/** As the monitor writes times: nine digits, and an offset. */
function nanos(time: string): string {
  const [, whole = time, fraction = ""] = /^([^.Z]+)(?:\.(\d+))?Z?$/.exec(time) ?? [];
  return `${whole}.${fraction.padEnd(9, "0").slice(0, 9)}+00:00`;
}
