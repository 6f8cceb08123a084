import { compileShapes } from "../../lib/template/shape.ts";
import { Struct } from "../../lib/template/value.ts";
import version from "./shapes/version.ts";

const shapes = `${version}
VersionInfo system.versionInfo
  Client ClientVersion
  Server *Version
ClientVersion system.clientVersion
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
ClientPlatform system.platformInfo
  Name string
`;

/** What the templates of `version` see. */
export async function versionView(client: object, server: Readonly<Record<string, unknown>> | null): Promise<Struct> {
  const Client = Object.fromEntries(Object.entries(client).filter(([, value]) => value !== ""));
  return new Struct(compileShapes(shapes)("VersionInfo"), { Client, Server: server });
}
