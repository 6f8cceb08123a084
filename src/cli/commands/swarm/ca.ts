import type { SwarmSpec } from "../../../api/types/swarm.ts";
import { inspectSwarm, updateSwarm } from "../../../client/swarm.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { FlagValues } from "../../flags/flag.ts";
import { bool, string } from "../../flags/kinds.ts";
import { readPem } from "./external-ca.ts";
import { caFlags, withCaFlags } from "./spec-flags.ts";

const pem = (help: string) => ({
  ...string(help, { type: "pem-file" }),
  set: (_: string, path: string) => readPem(path),
});

const flags = {
  ...caFlags,
  "ca-cert": pem("PEM file of the root certificate that the swarm is to have"),
  "ca-key": pem("PEM file of the root's key"),
  detach: bool("Do not wait until all nodes have their new certificates", { short: "d" }),
  quiet: bool("Do not show progress", { short: "q" }),
  rotate: bool("Make a new root, where no certificate and key are given"),
};

type CaFlags = FlagValues<typeof flags>;

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags,
  async run(deps, _args, values) {
    const client = await deps.client();
    const { Version, Spec = {}, TLSInfo } = await inspectSwarm(client);
    if (!values.rotate) {
      const alone = ["ca-cert", "ca-key", "cert-expiry", "external-ca"].find((name) => deps.changed.has(name));
      if (alone) throw new CliError(`\`--${alone}\` flag requires the \`--rotate\` flag to update the CA`);
      deps.out.write(trustRoot(TLSInfo?.TrustRoot));
      return;
    }
    check(values, deps.changed);
    await updateSwarm(client, Version?.Index ?? 0, rotated(Spec, values, deps.changed));
    if (values.detach) return;
    const { followRotation } = await import("./rotation-progress.ts");
    await followRotation(deps, client, values.quiet);
    if (!values.quiet) deps.out.write(trustRoot((await inspectSwarm(client)).TLSInfo?.TrustRoot));
  },
});

function trustRoot(root: string | undefined): string {
  if (!root) throw new CliError("No CA information available");
  return `${root.trim()}\n`;
}

function check(values: CaFlags, changed: ReadonlySet<string>): void {
  const external = values["external-ca"].length > 0;
  if (external && !changed.has("ca-cert"))
    throw new CliError(
      "rotating to an external CA requires the `--ca-cert` flag to specify the external CA's cert - to add an " +
        "external CA with the current root CA certificate, use the `update` command instead",
    );
  if (changed.has("ca-cert") && !external && !changed.has("ca-key"))
    throw new CliError(
      "the --ca-cert flag requires that a --ca-key flag and/or --external-ca flag be provided as well",
    );
}

function rotated(spec: SwarmSpec, values: CaFlags, changed: ReadonlySet<string>): SwarmSpec {
  const [cert, key] = [values["ca-cert"], values["ca-key"]];
  const { CAConfig, ...rest } = withCaFlags(spec, values, changed, cert);
  const own = cert !== "" || key !== "";
  return {
    ...rest,
    CAConfig: {
      ...CAConfig,
      ...(cert !== "" && { SigningCACert: cert }),
      ...(key !== "" && { SigningCAKey: key }),
      ...(!own && { ForceRotate: (CAConfig?.ForceRotate ?? 0) + 1 }),
    },
  };
}
