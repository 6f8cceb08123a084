import { type Type, typeOf } from "./types.ts";

const build = typeOf("$BuildInfo");
const create = typeOf("$CreateImageInfo");
const push = typeOf("$PushImageInfo");
const stats = typeOf("$ContainerStatsResponse");
const event = typeOf("$EventMessage");

/** Operations whose replies are streams of JSON values, a line each: the type of such a value. */
export const lineTypes: Readonly<Record<string, () => Type>> = {
  ImageBuild: () => build,
  ImageCreate: () => create,
  ImagePush: () => push,
  ImageLoad: () => build,
  ContainerStats: () => stats,
  SystemEvents: () => event,
};
