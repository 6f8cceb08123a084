/** Docker's content trust (Notary v1): its flags are taken, its signatures are not made or checked. */
import type { CommandDeps } from "./deps.ts";
import { CliError } from "./errors.ts";
import type { Flag } from "./flags/flag.ts";
import { bool } from "./flags/kinds.ts";

export const trustUnsupported =
  "content trust is not supported: Notary, which it rests on, has been given up by its makers; pin images by " +
  "digest, or sign them with cosign or notation";

export function trustFlag(help: string): Flag<boolean> {
  return bool(help, { default: true });
}

/**
 * Refuses a call that asks for content trust: `--disable-content-trust=false`, or DOCKER_CONTENT_TRUST without the
 * flag.
 */
export function refuseContentTrust({ changed, env }: CommandDeps, disabled: boolean): void {
  const wanted = changed.has("disable-content-trust")
    ? !disabled
    : /^(1|t|true)$/i.test(env["DOCKER_CONTENT_TRUST"] ?? "");
  if (wanted) throw new CliError(trustUnsupported);
}
