import type { BuildHistoryRecord } from "../../api/buildkit/history.ts";
import { parseGoDuration } from "../../lib/go-duration.ts";
import { Code, GrpcError } from "../../lib/grpc/status.ts";
import { compilePattern } from "../../lib/pattern.ts";
import type { Input } from "../../lib/protobuf.ts";

type Record = Input<typeof BuildHistoryRecord>;
type Test = (record: Record) => boolean;

const texts: Readonly<{ [name: string]: (record: Record) => string }> = {
  ref: ({ ref = "" }) => ref,
  status: statusOf,
  repository: ({ frontendAttrs }) => frontendAttrs?.get("vcs:source") ?? frontendAttrs?.get("context") ?? "",
};

/** In ms: since 1970, or of a span. */
const numbers: Readonly<{ [name: string]: (record: Record) => number | undefined }> = {
  startedAt: ({ createdAt }) => millisecondsOf(createdAt),
  completedAt: ({ completedAt }) => millisecondsOf(completedAt),
  duration: ({ createdAt, completedAt }) =>
    createdAt && completedAt ? (millisecondsOf(completedAt) ?? 0) - (millisecondsOf(createdAt) ?? 0) : undefined,
};

/**
 * Filters on builds, of which one at least must be met: `status==error,ref~=^a`, `startedAt>2026-01-01T00:00:00Z`,
 * `startedAt>24h` (before now). Throws for what is none.
 */
export async function compileHistoryFilters(filters: readonly string[], now: Date): Promise<Test> {
  const all = await Promise.all(filters.filter((filter) => filter !== "").map((filter) => compile(filter, now)));
  return all.length === 0 ? () => true : (record) => all.some((test) => test(record));
}

async function compile(filter: string, now: Date): Promise<Test> {
  const tests = await Promise.all(filter.split(",").map((part) => compileOne(part.trim(), now)));
  return (record) => tests.every((test) => test(record));
}

async function compileOne(part: string, now: Date): Promise<Test> {
  const [, name = "", operator = "", word = ""] = /^(\w+)(==|!=|~=|>=|<=|>|<|=)(.*)$/.exec(part) ?? [];
  const value = word.replace(/^"(.*)"$/, "$1");
  const text = Object.hasOwn(texts, name) ? texts[name] : undefined;
  if (text && operator !== "" && !/[<>]/.test(operator)) return textTest(text, operator, value);
  const number = Object.hasOwn(numbers, name) ? numbers[name] : undefined;
  if (number && /[<>]/.test(operator)) {
    const bound = boundOf(name, value, now);
    if (bound !== undefined)
      return (record) => {
        const found = number(record);
        return found !== undefined && compare(found, operator, bound);
      };
  }
  throw new GrpcError(Code.invalidArgument, `invalid filter ${JSON.stringify(part)}`);
}

async function textTest(get: (record: Record) => string, operator: string, value: string): Promise<Test> {
  if (operator === "!=") return (record) => get(record) !== value;
  if (operator !== "~=") return (record) => get(record) === value;
  const pattern = await compilePattern(value);
  return (record) => pattern(get(record));
}

function boundOf(name: string, value: string, now: Date): number | undefined {
  const span = spanOf(value);
  if (span !== undefined) return name === "duration" ? span : now.getTime() - span;
  const moment = Date.parse(value);
  return name === "duration" || Number.isNaN(moment) ? undefined : moment;
}

function spanOf(text: string): number | undefined {
  const nanoseconds = parseGoDuration(text);
  return nanoseconds === null ? undefined : Number(nanoseconds) / 1e6;
}

function compare(found: number, operator: string, bound: number): boolean {
  if (operator === ">") return found > bound;
  if (operator === "<") return found < bound;
  return operator === ">=" ? found >= bound : found <= bound;
}

function statusOf({ completedAt, error }: Record): string {
  if (!completedAt) return "running";
  if (!error) return "completed";
  return error.code === Code.cancelled ? "canceled" : "error";
}

function millisecondsOf(moment: Record["createdAt"]): number | undefined {
  return moment && (moment.seconds ?? 0) * 1000 + (moment.nanos ?? 0) / 1e6;
}
