import type { Definition } from "../../api/buildkit/llb.ts";
import { runFrontend } from "../../builder/llb/frontend-process.ts";
import { platformOf, resolve } from "../../builder/llb/sources/image.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import { quote } from "../../lib/go-quote.ts";
import type { Method } from "../../lib/grpc/method.ts";
import { serve } from "../../lib/grpc/server.ts";
import { Code, GrpcError } from "../../lib/grpc/status.ts";
import { fullString, parseReference, withDefaultTag } from "../../oci/reference.ts";
import type { ServerDeps } from "../deps.ts";
import { Containers } from "./containers/containers.ts";
import type { FrontendResult } from "./frontend-result.ts";
import type { Job, Returned } from "./jobs.ts";
import type { FrontendOptions } from "./options.ts";
import { definitionsOf } from "./solve-definition.ts";
import { workerRecord } from "./workers.ts";

/** What a frontend from an image is given. */
export interface ImageFrontend {
  /** The image. */
  source: string;
  options: FrontendOptions;
  inputs: ReadonlyMap<string, Definition>;
  /** What it may call, and how it says what it came to. */
  methods: (containers: Containers, returned: (what: Returned) => void) => readonly Method[];
}

/** The longest list of options that a process is given: the kernel takes so much for one of them. */
const longestOption = 128 * 1024;

/**
 * The frontend `gateway.v0`: a program from an image, which builds by calls on its standard input and output, and says
 * in the end what it came to.
 */
export async function solveByImage(
  deps: ServerDeps,
  job: Job,
  { source, options, inputs, methods }: ImageFrontend,
): Promise<FrontendResult> {
  const { work } = await definitionsOf(deps, job);
  const step = job.progress.step(`resolve image config for docker-image://${nameOf(source)}`);
  step.start();
  const image = await resolve(work, { ref: source, platform: platformOf(undefined), pull: false }, (text) =>
    step.status(text),
  ).catch((error: unknown) => {
    step.fail(errorMessage(error));
    throw error;
  });
  step.done();
  checkCaps(image.config.config?.Labels?.["moby.buildkit.frontend.caps"] ?? "", options, inputs.size > 0);
  for (const chainId of image.chainIds) work.lease.add("layer", chainId);
  let result: Returned | undefined;
  const containers = new Containers();
  await using undo = new AsyncDisposableStack();
  undo.defer(() => containers.close());
  const served = methods(containers, (what) => {
    result ??= what;
  });
  const running = job.progress.step(`frontend ${source}`);
  const exitCode = await runFrontend(work, {
    image,
    env: environment(deps, job, options),
    serve: (connection) => serve(connection, served).closed,
    // It is shown only where it has something to say.
    log: (data) => {
      if (!running.begun) running.start();
      return running.output(2, data);
    },
    signal: job.signal,
  }).catch((error: unknown) => {
    running.fail(errorMessage(error));
    throw error;
  });
  const failure = failureOf(source, exitCode, result);
  if (failure) {
    running.fail(failure.message);
    throw failure;
  }
  if (running.begun) running.done();
  if (!result || "error" in result) throw new Error("a frontend without a failure has a result");
  return result;
}

function nameOf(source: string): string {
  try {
    return fullString(withDefaultTag(parseReference(source)));
  } catch (error) {
    throw invalid(`failed to parse the frontend's image ${quote(source)}: ${errorMessage(error)}`);
  }
}

/** What the client needs of a frontend its image has to promise. */
function checkCaps(promised: string, options: FrontendOptions, inputs: boolean): void {
  const names = (list: string) => list.split(",").flatMap((each) => each.split("+", 1)[0] || []);
  const wanted = [...names(options.get("frontend.caps") ?? ""), ...(inputs ? ["moby.buildkit.frontend.inputs"] : [])];
  const missing = wanted.find((cap) => !names(promised).includes(cap));
  if (missing !== undefined) throw new GrpcError(Code.unimplemented, `unsupported frontend capability ${missing}`);
}

/** What it said itself comes first, then how it ended. */
function failureOf(source: string, exitCode: number, result: Returned | undefined): GrpcError | undefined {
  if (result && "error" in result) return result.error;
  if (exitCode !== 0)
    return new GrpcError(
      Code.unknown,
      `frontend ${quote(source)} did not complete successfully: exit code: ${exitCode}`,
    );
  return result ? undefined : new GrpcError(Code.unknown, `frontend ${quote(source)} ended without a result`);
}

function environment(deps: ServerDeps, job: Job, options: FrontendOptions): string[] {
  const { id, labels, platforms } = workerRecord(deps);
  const workers = [
    {
      ID: id,
      Labels: Object.fromEntries(labels ?? []),
      Platforms: (platforms ?? []).map(({ architecture, os, variant }) => ({
        architecture,
        os,
        ...(variant && { variant }),
      })),
    },
  ];
  return [
    ...[...options].map(([key, value], index) => {
      if (key.length + value.length > longestOption) throw invalid(`the option ${key.slice(0, 100)} is too long`);
      return `BUILDKIT_FRONTEND_OPT_${index}=${key}=${value}`;
    }),
    `BUILDKIT_SESSION_ID=${job.request.session}`,
    `BUILDKIT_WORKERS=${JSON.stringify(workers)}`,
    "BUILDKIT_EXPORTEDPRODUCT=buildkit",
  ];
}
