import type { RemoteDeps } from "../../image/remote/deps.ts";
import { remoteImageConfig } from "../../image/remote/image-config.ts";
import { resolveImage } from "../../image/resolve.ts";
import { errorMessage, isNotFound, notFound } from "../../lib/errors.ts";
import type { OciImageConfigFile } from "../../oci/image.ts";
import { formatPlatform, platformScore } from "../../oci/platform.ts";
import { fullString, parseReference, withDefaultTag } from "../../oci/reference.ts";
import type { BuilderDeps } from "../deps.ts";
import type { Finding } from "../dockerfile/findings.ts";
import { DockerfileError } from "../dockerfile/source.ts";
import type { BuildRequest } from "../request.ts";
import type { Plan, PlannedStage } from "./plan.ts";

/** What the base images of stages say of themselves. */
export type BaseConfigs = ReadonlyMap<PlannedStage, OciImageConfigFile>;

/**
 * Finds out what base images say of themselves, those that are not here from their registries, and brings none. `tell`:
 * told before each look-up, and gives what is told of its end. Throws, with the place, where there is none.
 */
export async function findBaseConfigs(
  { images }: Pick<BuilderDeps, "images">,
  remote: RemoteDeps,
  { pull, session }: Pick<BuildRequest, "pull" | "session">,
  { stages, reachable }: Plan,
  tell: (name: string) => (error?: string) => void,
  signal: AbortSignal,
): Promise<BaseConfigs> {
  const found = new Map<PlannedStage, OciImageConfigFile>();
  const asked = new Map<string, Promise<OciImageConfigFile>>();
  const look = async (name: string, platform: PlannedStage["platform"]): Promise<OciImageConfigFile> => {
    if (!pull) {
      try {
        return resolveImage(images, name, { platform }).config;
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    const ref = withDefaultTag(parseReference(name));
    const auth = await session.credentials(ref.domain);
    return remoteImageConfig(remote, ref, platform, auth, signal).catch((error: unknown) => {
      throw isNotFound(error) ? notFound(`${name}: not found`, error) : error;
    });
  };
  await Promise.all(
    [...reachable].map(async (index) => {
      const stage = stages[index];
      if (stage?.base.kind !== "image") return;
      const { ref } = stage.base;
      const name = fullString(withDefaultTag(parseReference(ref)));
      const key = `${name} ${formatPlatform(stage.platform)}`;
      const looking = asked.get(key) ?? told(tell(name), look(name, stage.platform));
      asked.set(key, looking);
      try {
        found.set(stage, await looking);
      } catch (cause) {
        signal.throwIfAborted();
        const message = `${ref}: failed to resolve source metadata for ${name}: ${errorMessage(cause)}`;
        throw new DockerfileError(message, stage.stage.from.range, { cause });
      }
    }),
  );
  return found;
}

async function told<T>(end: (error?: string) => void, work: Promise<T>): Promise<T> {
  try {
    const value = await work;
    end();
    return value;
  } catch (error) {
    end(errorMessage(error));
    throw error;
  }
}

/** Base images that are for another platform than the stages upon them. */
export function wrongPlatforms(bases: BaseConfigs): Finding[] {
  return [...bases].flatMap(([{ base, platform, stage }, { os, architecture, variant }]) => {
    const own = { os, architecture, ...(variant !== undefined && { variant }) };
    if (base.kind !== "image" || platformScore(platform, own) > 0) return [];
    return { rule: wrongPlatformRule, message: wrongPlatform(base.ref, own, platform), range: stage.from.range };
  });
}

export const wrongPlatformRule = "InvalidBaseImagePlatform";

export function wrongPlatform(ref: string, own: PlannedStage["platform"], wanted: PlannedStage["platform"]): string {
  return (
    `Base image ${ref} was pulled with platform "${formatPlatform(own)}", expected "${formatPlatform(wanted)}" for ` +
    "current build"
  );
}
