import { chownSync, writeFileSync } from "node:fs";
import type { RunMount } from "../../dockerfile/instructions.ts";
import type { MadeMount, Mounting } from "./mounting.ts";

/** `--mount=type=secret`: a file, an environment variable, or both. One that the client does not have is left out. */
export async function secretMount(
  { session, refuse }: Mounting,
  mount: RunMount,
  destination: string,
  place: string,
): Promise<MadeMount> {
  const id = mount.source || mount.id || (mount.target?.split("/").at(-1) ?? "");
  const content = await session.secret(id);
  if (!content) {
    if (mount.required) throw refuse(`secret ${id}: not found`);
    return {};
  }
  const env = mount.env ? { env: `${mount.env}=${Buffer.from(content).toString("utf8")}` } : {};
  if (mount.env && !mount.target) return env;
  writeFileSync(place, content, { mode: mount.mode ?? 0o400 });
  chownSync(place, mount.uid ?? 0, mount.gid ?? 0);
  return {
    ...env,
    mount: {
      destination: destination || `/run/secrets/${id.split("/").at(-1)}`,
      type: "bind",
      source: place,
      options: ["rbind", "ro", "nosuid", "nodev", "noexec"],
    },
  };
}
