import type { Platform } from "../../oci/image.ts";
import { fullString, parseReference, withDefaultTag } from "../../oci/reference.ts";
import type { Instruction } from "../dockerfile/instructions.ts";
import type { NamedContext } from "../source/named-contexts.ts";
import { type Origin, origin, type Plan, type PlannedStage } from "./plan.ts";

/** An image that a build has to find before it can take anything of it. */
export interface LookUp {
  /** The whole name of an image; a named context's as it was given. */
  name: string;
  /** The named context that it is. */
  context: string | undefined;
  /** It is in an OCI layout. */
  layout: boolean;
}

/** What is looked up for an origin; undefined: nothing, or its name is none. */
export function lookUpOf(from: Origin, contexts: ReadonlyMap<string, NamedContext>): LookUp | undefined {
  if (from.kind === "context") {
    const context = contexts.get(from.name);
    if (context && "layout" in context) return { name: context.layout, context: from.name, layout: true };
    return context && "image" in context ? { name: context.image, context: from.name, layout: false } : undefined;
  }
  if (from.kind !== "image") return undefined;
  try {
    return { name: fullString(withDefaultTag(parseReference(from.ref))), context: undefined, layout: false };
  } catch {
    return undefined;
  }
}

/** A look-up of a build, with a platform that it is for. */
export interface PlannedLookUp extends LookUp {
  platform: Platform;
  /** A stage begins with it. */
  base: boolean;
}

/** All look-ups of a build, in the order of its files, each once. */
export function lookUpsOf(plans: readonly Plan[], contexts: ReadonlyMap<string, NamedContext>): PlannedLookUp[] {
  const found = new Map<string, PlannedLookUp>();
  for (const { stages, reachable } of plans)
    for (const index of reachable) {
      const stage = stages[index];
      if (!stage) continue;
      for (const from of [stage.base, ...stage.takes]) {
        const lookUp = lookUpOf(from, contexts);
        if (!lookUp) continue;
        const base = from === stage.base || found.get(lookUp.name)?.base === true;
        found.set(lookUp.name, { ...lookUp, platform: stage.platform, base });
      }
    }
  return [...found.values()];
}

/** The names of the images that an instruction takes files from. */
export function imagesIn(
  instruction: Instruction,
  { stage: { index }, platform }: PlannedStage,
  { names }: Pick<Plan, "names">,
  contexts: ReadonlyMap<string, NamedContext>,
): string[] {
  const from =
    instruction.kind === "COPY" ? [instruction.from] : instruction.kind === "RUN" ? instruction.mountsFrom : [];
  const place = { stages: names, index, platform, contexts: new Set(contexts.keys()) };
  return from.flatMap((name) => (name ? (lookUpOf(origin(name, place), contexts)?.name ?? []) : []));
}
