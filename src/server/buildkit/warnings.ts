import type { BuildEvent } from "../../api/build-events.ts";
import type { VertexWarning } from "../../api/buildkit/control.ts";
import { aboutRule } from "../../builder/dockerfile/rules.ts";
import type { BuildRequest } from "../../builder/request.ts";
import type { Input } from "../../lib/protobuf.ts";
import { textAround } from "./text-around.ts";

/** A finding of the checks as the client shows it at a vertex. `lines`: those of the Dockerfile. */
export function warningOf(
  { rule, message, line }: Extract<BuildEvent, { kind: "warning" }>,
  vertex: string,
  { dockerfile, dockerfileName }: Pick<BuildRequest, "dockerfile" | "dockerfileName">,
  lines: readonly string[],
): Input<typeof VertexWarning> {
  const place = line > 0 ? ` (line ${line})` : "";
  const about = aboutRule(rule);
  const text = textAround(dockerfile, { start: line, end: line }, lines);
  return {
    vertex,
    level: 1,
    short: Buffer.from(`${rule}: ${message}${place}`),
    ...(about && { detail: [Buffer.from(about.description)], url: about.url }),
    info: { filename: dockerfileName, data: Buffer.from(text), language: "Dockerfile" },
    ...(line > 0 && { ranges: [{ start: { line }, end: { line } }] }),
  };
}
