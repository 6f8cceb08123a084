import type { Definition } from "../../api/buildkit/llb.ts";
import { excerpt } from "../../builder/dockerfile/source.ts";
import { type Failure, failureOf } from "../../builder/failure.ts";
import { VertexFailed } from "../../builder/llb/definition-solver.ts";
import { BadDefinition } from "../../builder/llb/graph.ts";
import type { FailedCommand } from "../../builder/steps/run-failed.ts";
import { RunFailed } from "../../builder/steps/run-failed.ts";
import { type Any, asGrpcError, Code, GrpcError } from "../../lib/grpc/status.ts";
import { textAround } from "./text-around.ts";

/** Tells of a command that failed what it takes to look into it. */
export type TellFailed = (failed: FailedCommand) => Any;

/** A Dockerfile, for who draws places in it. */
export interface SourceFile {
  name: string;
  text: string;
}

/**
 * Why a build failed, as its client wants it: the place in the Dockerfile, the vertex and the exit code are details in
 * JSON, by the names of BuildKit's types. `vertex`: digest of the step that failed.
 */
export function buildFailure(
  error: unknown,
  file: SourceFile | undefined,
  vertex: string | undefined,
  operation?: TellFailed,
): GrpcError {
  if (error instanceof GrpcError) return error;
  const failure: Failure = failureOf(error);
  const { range, exitCode } = failure;
  let { message } = failure;
  const { code } = asGrpcError(error);
  const details: Any[] = [];
  if (operation && error instanceof RunFailed && error.failed) details.push(operation(error.failed));
  if (exitCode !== undefined) details.push(detail("gatewayapi.ExitMessage", { Code: exitCode }));
  if (vertex !== undefined) details.push(detail("errdefs.Vertex", { digest: vertex }));
  const text = range && file ? textAround(file.text, range) : "";
  if (range && file && text !== "") {
    details.push(
      detail("errdefs.Source", {
        info: { filename: file.name, data: Buffer.from(text).toString("base64"), language: "Dockerfile" },
        ranges: [{ start: { line: range.start }, end: { line: range.end } }],
      }),
    );
  }
  // Of a file whose lines are too many to be sent as what clients draw from, the words themselves show the place.
  else if (range && file) message += `\n${shownPlace(file, range)}`;
  return new GrpcError(code === Code.ok ? Code.unknown : code, message, details);
}

/** Characters of a line that are shown, and lines of a place. */
const [longestLine, mostLines] = [160, 10];

function shownPlace({ name, text }: SourceFile, { start, end }: { start: number; end: number }): string {
  const lines = text.split("\n").map((line) => line.slice(0, longestLine));
  return `${name}:${start}\n${excerpt({ start, end: Math.min(end, start + mostLines) }, lines)}`;
}

/**
 * Why a definition failed: with the vertex, and its place in the texts that the definition was made of. What cannot be
 * meant is the fault of who asked.
 */
export function definitionFailure(error: unknown, { source }: Definition, operation: TellFailed): unknown {
  if (error instanceof BadDefinition) return new GrpcError(Code.invalidArgument, error.message);
  if (!(error instanceof VertexFailed)) return error;
  const { vertex, cause } = error;
  if (cause instanceof GrpcError) return cause;
  const failure = buildFailure(cause, undefined, vertex.digest, operation);
  const code = cause instanceof BadDefinition ? Code.invalidArgument : failure.code;
  const places = (source?.locations.get(vertex.digest)?.locations ?? []).flatMap(({ sourceIndex, ranges }) => {
    const info = source?.infos[sourceIndex];
    if (!info) return [];
    const { filename, data, language } = info;
    const shown = { filename, data: Buffer.from(data).toString("base64"), language };
    return [detail("errdefs.Source", { info: shown, ranges })];
  });
  return new GrpcError(code, failure.message, [...failure.details, ...places]);
}

/** A detail of an error, by the name of its type in BuildKit. */
export function detail(type: string, value: unknown): Any {
  return { typeUrl: `github.com/moby/buildkit/${type}+json`, value: Buffer.from(JSON.stringify(value)) };
}

/** The error for a subrequest that the frontend does not have. */
export function unknownSubrequest(name: string): GrpcError {
  return new GrpcError(Code.unknown, `unsupported request ${name}`, [detail("errdefs.Subrequest", { name })]);
}
