import { compileShapes } from "../../../lib/template/shape.ts";
import type { Shape } from "../../../lib/template/types.ts";

/** Things that inspect commands show through a Go type. */
export type ShapeName =
  | "container"
  | "image"
  | "network"
  | "volume"
  | "plugin"
  | "node"
  | "secret"
  | "config"
  | "service"
  | "task"
  | "info"
  | "version"
  | "event"
  | "context";

const load: Record<ShapeName, () => Promise<{ default: string }>> = {
  container: () => import("./container.ts"),
  image: () => import("./image.ts"),
  network: () => import("./network.ts"),
  volume: () => import("./volume.ts"),
  plugin: () => import("./plugin.ts"),
  node: () => import("./node.ts"),
  secret: () => import("./secret.ts"),
  config: () => import("./config.ts"),
  service: () => import("./service.ts"),
  task: () => import("./task.ts"),
  info: () => import("./info.ts"),
  version: () => import("./version.ts"),
  event: () => import("./event.ts"),
  context: () => import("./context.ts"),
};

/** The type that the first line of its file names. */
export async function shapeOf(name: ShapeName): Promise<Shape> {
  const { default: text } = await load[name]();
  return compileShapes(text)(text.trim().split(/\s/, 1)[0] ?? "");
}
