import manifest from "../../package.json" with { type: "json" };
import { dockerRelease } from "../api/version.ts";

/** The client's version, that of package.json. */
export const version: string = manifest.version;

/** What `--version` says. Programs that call us by Docker's name compare what they read with Docker's releases. */
export function versionLine(program: string): string {
  return program === "docker" ? `Docker version ${dockerRelease}, build berth-${version}` : `Berth version ${version}`;
}
