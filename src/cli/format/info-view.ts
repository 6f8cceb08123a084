import { compileShapes } from "../../lib/template/shape.ts";
import type { Shape } from "../../lib/template/types.ts";
import { Struct } from "../../lib/template/value.ts";
import info from "./shapes/info.ts";

const shapes = `${info}
DockerInfo system.dockerInfo
  +Info
  ServerErrors []string
  UserName string
  ClientInfo *ClientInfo
  ClientErrors []string
ClientInfo system.clientInfo
  Debug bool
  Platform *ClientPlatform
  Version string
  APIVersion string ApiVersion
  DefaultAPIVersion string
  GitCommit string
  GoVersion string
  Os string
  Arch string
  BuildTime string
  Context string
  Plugins []Plugin
  Warnings []string
ClientPlatform system.platformInfo
  Name string
Plugin manager.Plugin
  SchemaVersion string
  Vendor string
  Version string
  ShortDescription string
  URL string
  Hidden bool
  Name string
  Path string
  Err any
  ShadowedPaths []string
`;

/**
 * What the templates of `info` see: the engine's answer (zero values where there is none) with the client's part
 * beside.
 */
export async function infoView(
  info: Readonly<Record<string, unknown>> | null,
  client: object,
  serverErrors: readonly string[],
): Promise<Struct> {
  const shapeOf = compileShapes(shapes);
  return new Struct(shapeOf("DockerInfo"), {
    ...(info ?? zeros(shapeOf("Info"))),
    ...(serverErrors.length > 0 && { ServerErrors: serverErrors }),
    ClientInfo: Object.fromEntries(Object.entries(client).filter(([, value]) => value !== "")),
  });
}

function zeros(shape: Shape): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const { json: key, type } of shape.fields.values()) {
    switch (type.kind) {
      case "string":
      case "time":
        json[key] = "";
        break;
      case "int":
      case "float":
        json[key] = 0;
        break;
      case "bool":
        json[key] = false;
        break;
      case "struct":
        json[key] = zeros(type.shape());
        break;
      default:
        json[key] = null;
    }
  }
  return json;
}
