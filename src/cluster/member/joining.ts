import type { SwarmJoinRequest } from "../../api/schema/swarm.ts";
import { EngineError, invalid, unavailable } from "../../lib/errors.ts";
import { type Entered, enterCluster } from "../dispatch/enter.ts";
import { joinAddress, nodeAddresses } from "./addresses.ts";
import type { SwarmDeps } from "./deps.ts";
import { Member } from "./member.ts";
import { ownSubnets } from "./own-subnets.ts";
import { type Place, removePlace, writePlace } from "./saved.ts";

/** For the node to be one, after it has been let in. In milliseconds. */
const patience = 20_000;

/**
 * Makes this machine a node of a cluster: it is let in by one of the managers that are named, keeps its certificate,
 * and is a node as soon as a manager has its session. Whatever fails, nothing is left here.
 */
export async function joinCluster(deps: SwarmDeps, request: SwarmJoinRequest): Promise<Member> {
  const remotes = (request.RemoteAddrs ?? []).filter((each) => each !== "");
  if (remotes.length === 0) throw invalid("at least 1 RemoteAddr is required to join");
  const { listen, advertise, dataPath } = nodeAddresses(
    { ...request, ListenAddr: request.ListenAddr || "0.0.0.0:2377" },
    await ownSubnets(deps),
  );
  const entered = await enterOne(remotes, request.JoinToken ?? "", request.Availability ?? "active");
  const place: Place = {
    phase: "joining",
    nodeId: entered.nodeId,
    clusterId: entered.clusterId,
    cert: entered.cert,
    key: entered.key,
    trust: entered.trust,
    peerCert: "",
    peerKey: "",
    peerTrust: "",
    storeKey: "",
    managers: entered.managers,
    listenAddr: joinAddress(listen.host, listen.port),
    advertiseAddr: joinAddress(advertise.host, advertise.port),
    dataPathAddr: dataPath,
  };

  await using undo = new AsyncDisposableStack();
  undo.defer(() => removePlace(deps.dataRoot));
  writePlace(deps.dataRoot, place, "");
  undo.defer(() => deps.backings.remove());
  const member = await Member.start(deps, place, null);
  undo.defer(() => member.close());
  await settled(member);
  member.keep({ phase: "member" });
  undo.move();
  return member;
}

/** By the first of the managers that can be reached. */
async function enterOne(remotes: readonly string[], token: string, availability: "active" | "pause" | "drain") {
  let failure: unknown;
  for (const address of remotes) {
    try {
      return await enterCluster(address, token, availability);
    } catch (error) {
      failure = error;
      if (!(error instanceof EngineError && error.kind === "unavailable")) break;
    }
  }
  throw failure satisfies unknown;
}

/** It has a session; as a manager it is one, too. */
async function settled(member: Member): Promise<Entered | undefined> {
  const end = performance.now() + patience;
  while (performance.now() < end) {
    const ready = member.role === "worker" || member.manager !== null;
    if (ready && member.worker.session.manager !== "") return;
    await Bun.sleep(20);
  }
  throw unavailable(`Timeout was reached before node joined: ${member.worker.session.trouble}`);
}
