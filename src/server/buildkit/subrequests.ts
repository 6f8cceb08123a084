import { checkBuild, outlineBuild, prepareBuild } from "../../builder/build.ts";
import type { Dockerfile } from "../../builder/dockerfile/instructions.ts";
import { aboutRule } from "../../builder/dockerfile/rules.ts";
import { excerpt, type Range } from "../../builder/dockerfile/source.ts";
import { failureOf } from "../../builder/failure.ts";
import { type BaseConfigs, findBaseConfigs } from "../../builder/plan/base-configs.ts";
import type { Outline } from "../../builder/plan/outline.ts";
import type { Plan } from "../../builder/plan/plan.ts";
import type { BuildRequest } from "../../builder/request.ts";
import type { ServerDeps } from "../deps.ts";
import { columns } from "./columns.ts";
import { type SourceFile, unknownSubrequest } from "./failure.ts";
import type { Progress } from "./progress.ts";

/** What is asked of a frontend besides a build. */
interface Asked {
  request: BuildRequest;
  file: SourceFile;
  progress: Progress;
  signal: AbortSignal;
}

type Answer = (deps: ServerDeps, asked: Asked) => Promise<Told>;

/** As data and as text, and for the checks an exit code. */
interface Told {
  value: unknown;
  text: string;
  code?: number;
}

const answers: Readonly<Record<string, Answer>> = {
  "frontend.lint": lint,
  "frontend.outline": outline,
  "frontend.targets": targets,
  "frontend.subrequests.describe": describe,
};

/** What a frontend says of a Dockerfile without building it: keys as in its metadata. Throws for what it cannot say. */
export async function answerSubrequest(
  deps: ServerDeps,
  name: string,
  asked: Asked,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const answer = Object.hasOwn(answers, name) ? answers[name] : undefined;
  if (!answer) throw unknownSubrequest(name);
  const { value, text, code } = await answer(deps, asked);
  return new Map([
    ["result.json", Buffer.from(JSON.stringify(value, null, 2))],
    ["result.txt", Buffer.from(text)],
    ...(code === undefined ? [] : [["result.statuscode", Buffer.from(String(code))] as const]),
    ["version", Buffer.from("1.0.0")],
  ]);
}

async function lint(deps: ServerDeps, { request, file, progress, signal }: Asked): Promise<Told> {
  const sources = [{ filename: file.name, data: base64(file), language: "Dockerfile" }];
  let prepared: { dockerfile: Dockerfile; plans: Plan[] };
  let bases: BaseConfigs = new Map();
  try {
    prepared = await prepareBuild(request, signal);
    bases = await basesOf(deps, { request, progress, signal }, prepared.plans);
  } catch (error) {
    const { message, range } = failureOf(error);
    const buildError = { message, ...(range && { location: locationOf(range) }) };
    return { value: { warnings: null, sources, buildError }, text: "", code: 1 };
  }
  const { findings } = await checkBuild(deps.build, request, prepared, signal, bases);
  const warnings = findings.map(({ rule, message, range }) => ({
    ruleName: rule,
    ...aboutRule(rule),
    detail: message,
    location: locationOf(range),
  }));
  const lines = file.text.split("\n");
  const text = findings
    .toSorted((a, b) => a.range.start - b.range.start)
    .map(({ rule, message, range }) => {
      const url = aboutRule(rule)?.url;
      const place = `${file.name}:${range.start}\n${excerpt(range, lines)}`;
      return `\nWARNING: ${rule}${url === undefined ? "" : ` - ${url}`}\n${message}\n${place}\n`;
    });
  return {
    value: { warnings: warnings.length > 0 ? warnings : null, sources },
    text: text.join(""),
    code: warnings.length > 0 ? 1 : 0,
  };
}

async function basesOf(
  { build, remote }: ServerDeps,
  { request, progress, signal }: Pick<Asked, "request" | "progress" | "signal">,
  [plan]: readonly Plan[],
): Promise<BaseConfigs> {
  if (!plan) return new Map();
  return findBaseConfigs(build, remote, request, plan, (name) => lookUp(progress, name), signal);
}

/** A vertex for the look-up of an image; gives what tells of its end. */
function lookUp(progress: Progress, name: string): (error?: string) => void {
  const step = progress.step(`[internal] load metadata for ${name}`);
  step.start();
  return (error) => (error === undefined ? step.done() : step.fail(error));
}

async function outline(deps: ServerDeps, { request, file, progress, signal }: Asked): Promise<Told> {
  const prepared = await prepareBuild(request, signal);
  const bases = await basesOf(deps, { request, progress, signal }, prepared.plans);
  await request.ignore();
  const found = await outlineBuild(deps.build, request, prepared, bases);
  const { name, description, args, secrets, agents } = found;
  const needed = ({ name: id, required, range }: Outline["secrets"][number]) => ({
    name: id,
    ...(required && { required }),
    location: locationOf(range),
  });
  return {
    value: {
      ...(name && { name }),
      ...(description && { description }),
      ...(args.length > 0 && {
        args: args.map(({ range, ...arg }) => ({
          name: arg.name,
          ...(arg.description && { description: arg.description }),
          ...(arg.value && { value: arg.value }),
          location: locationOf(range),
        })),
      }),
      ...(secrets.length > 0 && { secrets: secrets.map(needed) }),
      ...(agents.length > 0 && { ssh: agents.map(needed) }),
      sources: [base64(file)],
    },
    text: outlineText(found),
  };
}

function outlineText({ name, description, args, secrets, agents }: Outline): string {
  const head = [...(name ? [["TARGET:", name]] : []), ...(description ? [["DESCRIPTION:", description]] : [])];
  const required = (mounts: Outline["secrets"]) => mounts.map((each) => [each.name, each.required ? "true" : ""]);
  const parts = [
    columns(head, 1),
    args.length === 0
      ? ""
      : columns(
          [
            ["BUILD ARG", "VALUE", "DESCRIPTION"],
            ...args.map((arg) => [arg.name, arg.value ?? "", arg.description ?? ""]),
          ],
          3,
        ),
    secrets.length === 0 ? "" : columns([["SECRET", "REQUIRED"], ...required(secrets)], 3),
    agents.length === 0 ? "" : columns([["SSH", "REQUIRED"], ...required(agents)], 3),
  ];
  return parts.map((part) => (part === "" ? "" : `${part}\n`)).join("");
}

async function targets(_deps: ServerDeps, { request, file, signal }: Asked): Promise<Told> {
  const { dockerfile } = await prepareBuild({ ...request, target: "" }, signal);
  const last = dockerfile.stages.at(-1);
  const rows = dockerfile.stages.map((stage) => [
    `${stage.name ?? ""}${stage === last ? `${stage.name ? " " : ""}(default)` : ""}`,
    stage.description ?? "",
  ]);
  return {
    value: {
      targets: dockerfile.stages.map((stage) => ({
        ...(stage.name && { name: stage.name }),
        ...(stage === last && { default: true }),
        ...(stage.description && { description: stage.description }),
        base: stage.from.image,
        ...(stage.from.platform && { platform: stage.from.platform }),
        location: locationOf(stage.from.range),
      })),
      sources: [base64(file)],
    },
    text: columns([["TARGET", "DESCRIPTION"], ...rows], 1),
  };
}

const metadata = ["result.json", "result.txt"].map((name) => ({ name, description: "" }));

async function describe(): Promise<Told> {
  const known = [
    ["frontend.outline", "List all parameters current build target supports"],
    ["frontend.targets", "List all targets current build supports"],
    ["frontend.subrequests.describe", "List available subrequest types"],
    ["frontend.lint", "Lint a Dockerfile"],
  ] as const;
  const target = [{ name: "target", description: "Target build stage" }];
  return {
    value: known.map(([name, description]) => ({
      name,
      version: "1.0.0",
      type: "rpc",
      description,
      opts: name === "frontend.outline" || name === "frontend.lint" ? target : [],
      inputs: null,
      metadata,
      refs: null,
    })),
    text: columns(
      [
        ["NAME", "VERSION", "DESCRIPTION"],
        ...known.map(([name, description]) => [name.replace(/^frontend\./, ""), "1.0.0", description]),
      ],
      1,
    ),
  };
}

const locationOf = ({ start, end }: Range) => ({ ranges: [{ start: { line: start }, end: { line: end } }] });

const base64 = ({ text }: SourceFile) => Buffer.from(text).toString("base64");
