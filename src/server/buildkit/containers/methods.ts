import {
  gatewayPaths,
  ReadDirRequest,
  ReadDirResponse,
  ReadFileRequest,
  ReadFileResponse,
  StatFileRequest,
  StatFileResponse,
} from "../../../api/buildkit/gateway.ts";
import {
  NewContainerRequest,
  NewContainerResponse,
  ReleaseContainerRequest,
  ReleaseContainerResponse,
} from "../../../api/buildkit/process.ts";
import { FrontendContainer } from "../../../builder/llb/container/container.ts";
import { networkOf } from "../../../builder/llb/exec/read.ts";
import { BadDefinition } from "../../../builder/llb/graph.ts";
import type { StageResult } from "../../../builder/result.ts";
import { FolderTree } from "../../../builder/source/folder-tree.ts";
import { bidi, type Method, unary } from "../../../lib/grpc/method.ts";
import type { ServerCall } from "../../../lib/grpc/server-call.ts";
import { Code, GrpcError } from "../../../lib/grpc/status.ts";
import type { ServerDeps } from "../../deps.ts";
import type { Job } from "../jobs.ts";
import { readDir, readFile, statFile } from "../read-files.ts";
import { definitionsOf } from "../solve-definition.ts";
import type { Containers } from "./containers.ts";
import { execProcess } from "./exec-process.ts";

/** A frontend that may have containers. */
interface Owner {
  jobOf: (call: ServerCall) => Promise<Job>;
  containersOf: (job: Job) => Containers;
}

/** The methods by which a frontend runs things upon results of its build. */
export function containerMethods(deps: ServerDeps, { jobOf, containersOf }: Owner): Method[] {
  const look = async <T>(
    call: ServerCall,
    { ref, mountIndex }: { ref: string; mountIndex: number },
    work: (tree: FolderTree) => Promise<T> | T,
  ): Promise<T> => {
    const container = containersOf(await jobOf(call)).get(ref);
    if (!container) throw new GrpcError(Code.unknown, `container details for ${ref}@${mountIndex} not found`);
    using tree = new FolderTree(rootOf(container, mountIndex));
    return await work(tree);
  };
  return [
    unary(gatewayPaths.newContainer, NewContainerRequest, NewContainerResponse, async (request, call) => {
      const job = await jobOf(call);
      const containers = containersOf(job);
      containers.checkFree(request.containerId);
      try {
        await containers.add(request.containerId, await open(deps, job, request));
      } catch (error) {
        if (error instanceof BadDefinition) throw new GrpcError(Code.invalidArgument, error.message);
        throw error;
      }
      return {};
    }),
    unary(
      gatewayPaths.releaseContainer,
      ReleaseContainerRequest,
      ReleaseContainerResponse,
      async ({ containerId }, call) => {
        await containersOf(await jobOf(call)).release(containerId);
        return {};
      },
    ),
    bidi(gatewayPaths.execProcess, async (call) => {
      const job = await jobOf(call);
      const { work } = await definitionsOf(deps, job);
      await execProcess(call, containersOf(job), work);
    }),
    unary(gatewayPaths.readFileContainer, ReadFileRequest, ReadFileResponse, async (request, call) => ({
      data: await look(call, request, (tree) => readFile(tree, request.filePath, request.range)),
    })),
    unary(gatewayPaths.statFileContainer, StatFileRequest, StatFileResponse, async (request, call) => ({
      stat: await look(call, request, (tree) => statFile(tree, request.path)),
    })),
    unary(gatewayPaths.readDirContainer, ReadDirRequest, ReadDirResponse, async (request, call) => ({
      entries: await look(call, request, (tree) => readDir(tree, request.dirPath, request.includePattern)),
    })),
  ];
}

async function open(
  deps: ServerDeps,
  job: Job,
  { containerId, mounts, network, hostname, extraHosts }: NewContainerRequest,
): Promise<FrontendContainer> {
  const { work } = await definitionsOf(deps, job);
  const inputs: StageResult[] = [];
  const placed = [];
  for (const mount of mounts) {
    const { resultId, dest } = mount;
    if (resultId === "") {
      placed.push({ ...mount, input: -1, output: -1 });
      continue;
    }
    const held = deps.buildkit.jobs.results.get(resultId);
    if (!held) {
      const message = `failed to find ref ${resultId} for "${dest}" mount: return reference ${resultId} not found`;
      throw new GrpcError(Code.unknown, message);
    }
    placed.push({ ...mount, input: inputs.push(await held.layers()) - 1, output: -1 });
  }
  job.signal.throwIfAborted();
  return FrontendContainer.open(work, {
    name: containerId,
    mounts: placed,
    inputs,
    network: networkOf(network),
    hostname,
    extraHosts: extraHosts.map(({ host, ip }) => `${host}:${ip}`),
  });
}

function rootOf(container: FrontendContainer, index: number): string {
  const { mountCount } = container;
  if (index < 0 || index >= mountCount)
    throw new GrpcError(Code.unknown, `mount index ${index} is out of bounds (${mountCount} available)`);
  const root = container.root(index);
  if (root === undefined || root === "tmpfs") throw new GrpcError(Code.unknown, `mountable ${index} not found`);
  return root;
}
