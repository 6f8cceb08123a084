import type { Definition } from "../../api/buildkit/llb.ts";
import { isOwnFrontend } from "../../builder/dockerfile/syntax.ts";
import { invalid } from "../../lib/errors.ts";
import type { Method } from "../../lib/grpc/method.ts";
import { Code, GrpcError } from "../../lib/grpc/status.ts";
import type { ServerDeps } from "../deps.ts";
import type { Containers } from "./containers/containers.ts";
import type { FrontendResult } from "./frontend-result.ts";
import { solveByImage } from "./image-frontend.ts";
import type { Job, Returned } from "./jobs.ts";
import type { FrontendOptions } from "./options.ts";
import { solveDockerfile } from "./solve-dockerfile.ts";

/** What a frontend is asked for. */
export interface FrontendRequest {
  frontend: string;
  options: FrontendOptions;
  /** Definitions of other builds' results, by the names that options call them by. */
  inputs: ReadonlyMap<string, Definition>;
  /** Frontends that this one was asked by, each within the one before it. */
  depth: number;
}

/** The calls that a frontend within a build may make. */
export type Bridge = (
  deps: ServerDeps,
  frontend: Omit<FrontendRequest, "frontend" | "options"> & {
    job: Job;
    containers: Containers;
    returned: (what: Returned) => void;
  },
) => readonly Method[];

/** Frontends within frontends. */
const mostDepth = 8;

/** Has a frontend say what it makes of its options: the engine's own builder, or a program from an image. */
export async function solveFrontend(
  deps: ServerDeps,
  job: Job,
  { frontend, options, inputs, depth }: FrontendRequest,
  bridge: Bridge,
): Promise<FrontendResult> {
  if (depth > mostDepth) throw invalid(`frontends ask for each other more than ${mostDepth} deep`);
  const byImage = (source: string, given: FrontendOptions) =>
    solveByImage(deps, job, {
      source,
      options: given,
      inputs,
      methods: (containers, returned) => bridge(deps, { job, inputs, depth: depth + 1, containers, returned }),
    });
  if (frontend === "gateway.v0") {
    const source = options.get("source");
    if (!source) throw invalid("no source specified for gateway");
    if (!isOwnFrontend(source)) return byImage(source, options);
  } else if (frontend !== "dockerfile.v0") throw new GrpcError(Code.unknown, `invalid frontend: ${frontend}`);
  return solveDockerfile(deps, job, { options, inputs }, (syntax) => {
    const [source = ""] = syntax.split(" ");
    return byImage(source, new Map([...options, ["source", source], ["cmdline", syntax]]));
  });
}
