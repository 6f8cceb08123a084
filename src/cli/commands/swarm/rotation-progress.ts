import type { ProgressEvent } from "../../../api/progress.ts";
import type { Node, TLSInfo } from "../../../api/types/swarm.ts";
import type { Client } from "../../../client/client.ts";
import { listNodes } from "../../../client/nodes.ts";
import { inspectSwarm } from "../../../client/swarm.ts";
import type { CommandDeps } from "../../deps.ts";
import { displayProgress } from "../../progress/display.ts";

const names = {
  digest: "desired root digest",
  certificates: "  rotated TLS certificates",
  roots: "  rotated CA certificates",
};
const pollMs = 200;

/** Shows how a rotation goes until every node has its new certificate and trusts the new root alone. */
export async function followRotation(deps: CommandDeps, client: Client, quiet: boolean): Promise<void> {
  await displayProgress(deps.out, steps(client), { quiet });
}

async function* steps(client: Client): AsyncGenerator<ProgressEvent> {
  yield { id: names.digest, status: "" };
  yield { id: names.certificates, status: "" };
  yield { id: names.roots, status: " " };
  let last = "";
  for (;;) {
    const { TLSInfo = {}, RootRotationInProgress = false } = await inspectSwarm(client);
    const nodes = await listNodes(client);
    const { events, done } = stand(TLSInfo, nodes, RootRotationInProgress);
    const now = JSON.stringify(events);
    if (now !== last) yield* events;
    last = now;
    if (done) return;
    await Bun.sleep(pollMs);
  }
}

/** How many nodes have what they are to have. */
function stand(wanted: TLSInfo, nodes: readonly Node[], inProgress: boolean) {
  const own = nodes.map(({ Description }) => Description?.TLSInfo ?? {});
  const certified = own.filter(
    (one) =>
      one.CertIssuerPublicKey === wanted.CertIssuerPublicKey && one.CertIssuerSubject === wanted.CertIssuerSubject,
  ).length;
  const trusting = own.filter(({ TrustRoot }) => TrustRoot === wanted.TrustRoot).length;
  const total = nodes.length;
  const digest = new Bun.CryptoHasher("sha256").update(wanted.TrustRoot ?? "").digest("hex");
  // While certificates are being renewed no node has left the old root behind.
  const settled = certified === total && !inProgress;
  const bar = (id: string, status: string, current: number) => ({
    id,
    status,
    progressDetail: { current, total, units: "nodes" },
  });
  const events: ProgressEvent[] = [
    { id: names.digest, status: `sha256:${digest}` },
    bar(names.certificates, "", certified),
    bar(names.roots, " ", settled ? trusting : 0),
  ];
  return { events, done: settled && trusting === total };
}
