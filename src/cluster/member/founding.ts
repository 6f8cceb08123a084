import type { SwarmInitRequest } from "../../api/schema/swarm.ts";
import { internal } from "../../lib/errors.ts";
import { issueEtcd, issueNode, newRequest } from "../ca/issue.ts";
import { newRoot } from "../ca/root.ts";
import { lifetimeOf, peerHosts } from "../dispatch/admission.ts";
import { newClusterId } from "../model/objects.ts";
import { joinAddress, nodeAddresses } from "./addresses.ts";
import type { SwarmDeps } from "./deps.ts";
import { writeFounding } from "./found.ts";
import { backingRequest, Member } from "./member.ts";
import { ownSubnets } from "./own-subnets.ts";
import { type Place, removePlace, writePlace } from "./saved.ts";
import { readFounding } from "./settings.ts";

/**
 * Makes a cluster of this machine alone. What is asked for is checked first; then it is written down that a cluster is
 * being founded; then its memory is made and filled; last the node is one. Whatever fails, nothing is left.
 */
export async function foundCluster(deps: SwarmDeps, request: SwarmInitRequest): Promise<Member> {
  const founding = readFounding(request);
  const { listen, advertise, dataPath } = nodeAddresses(request, await ownSubnets(deps));
  const [root, peerRoot] = [await newRoot(), await newRoot()];
  const [nodeId, clusterId] = [newClusterId(), newClusterId()];
  const [asked, peer] = [await newRequest(), await newRequest()];
  const lifetime = lifetimeOf(founding.spec);
  const place: Place = {
    phase: "founding",
    nodeId,
    clusterId,
    cert: await issueNode(root, asked.request, { nodeId, role: "manager", clusterId }, lifetime),
    key: asked.key,
    peerCert: await issueEtcd(peerRoot, peer.request, clusterId, peerHosts(advertise.host)),
    peerKey: peer.key,
    peerTrust: peerRoot.cert,
    storeKey: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64"),
    trust: root.cert,
    managers: [{ NodeID: nodeId, Addr: joinAddress(advertise.host, advertise.port) }],
    listenAddr: joinAddress(listen.host, listen.port),
    advertiseAddr: joinAddress(advertise.host, advertise.port),
    dataPathAddr: dataPath,
  };

  await using undo = new AsyncDisposableStack();
  undo.defer(() => removePlace(deps.dataRoot));
  writePlace(deps.dataRoot, place, "");
  undo.defer(() => deps.backings.remove());
  const backing = await deps.backings.found(backingRequest(place));
  try {
    await writeFounding(
      backing.store,
      founding,
      { nodeId, clusterId, availability: request.Availability ?? "active" },
      { root, peerRoot },
    );
  } catch (error) {
    await backing.close();
    throw error;
  }
  const member = await Member.start(deps, place, backing);
  undo.defer(() => member.close());
  await settled(member);
  member.keep({ phase: "member" });
  undo.move();
  return member;
}

/** The node shows as ready before its founder hears that it is one. */
async function settled(member: Member): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const report = member.manager?.deps.store.state.get("node-report", member.place.nodeId);
    if (report?.Status.State === "ready") return;
    await Bun.sleep(25);
  }
  throw internal(`the node does not get ready: ${member.worker.session.trouble}`);
}
