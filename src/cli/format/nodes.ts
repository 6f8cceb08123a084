import type { Node, SwarmInfo } from "../../api/types/swarm.ts";
import { Row } from "../../lib/template/value.ts";
import { prettyLabels, prettyMoment } from "./secrets.ts";
import { bytesSize } from "./units.ts";

export const nodeTitles = {
  ID: "ID",
  Self: "",
  Hostname: "HOSTNAME",
  Status: "STATUS",
  Availability: "AVAILABILITY",
  ManagerStatus: "MANAGER STATUS",
  EngineVersion: "ENGINE VERSION",
  TLSStatus: "TLS STATUS",
};

const table =
  "table {{.ID}} {{if .Self}}*{{else}} {{ end }}\t{{.Hostname}}\t{{.Status}}\t{{.Availability}}\t" +
  "{{.ManagerStatus}}\t{{.EngineVersion}}";
const rawForm =
  "node_id: {{.ID}}\nhostname: {{.Hostname}}\nstatus: {{.Status}}\navailability: {{.Availability}}\n" +
  "manager_status: {{.ManagerStatus}}\n";

/** The template behind `--format` and `-q` of node lists. */
export function nodeFormat(source: string, quiet: boolean): string {
  if (source === "table") return quiet ? "{{.ID}}" : table;
  if (source === "raw") return quiet ? "node_id: {{.ID}}" : rawForm;
  return source;
}

/** `self`: what the engine says of its own place in the swarm. */
export function nodeRow(node: Node, self: SwarmInfo | undefined): Row {
  const { ID = "", Description, Status, Spec, ManagerStatus } = node;
  return new Row("*node.nodeContext", {
    ID: () => ID,
    Hostname: () => Description?.Hostname ?? "",
    Self: () => ID === self?.NodeID,
    Status: () => capitalized(Status?.State),
    Availability: () => capitalized(Spec?.Availability),
    ManagerStatus: () => (ManagerStatus?.Leader ? "Leader" : capitalized(ManagerStatus?.Reachability)),
    TLSStatus: () => tlsStatus(node, self),
    EngineVersion: () => Description?.Engine?.EngineVersion ?? "",
  });
}

/** Whether the node has the certificates that the swarm now wants. */
function tlsStatus({ Description }: Node, self: SwarmInfo | undefined): string {
  const [wanted, own] = [self?.Cluster?.TLSInfo, Description?.TLSInfo];
  if (!wanted?.TrustRoot || !own?.TrustRoot) return "Unknown";
  const same =
    wanted.TrustRoot === own.TrustRoot &&
    wanted.CertIssuerSubject === own.CertIssuerSubject &&
    wanted.CertIssuerPublicKey === own.CertIssuerPublicKey;
  return same ? "Ready" : "Needs Rotation";
}

/** A word of the API as people are told it. */
export function capitalized(word = ""): string {
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
}

export function prettyNode(node: Node): string {
  const { ID = "", Spec, Description, Status, ManagerStatus } = node;
  return [
    `ID:			${ID}\n`,
    Spec?.Name && `Name:			${Spec.Name}\n`,
    prettyLabels(Spec?.Labels),
    `Hostname:              	${Description?.Hostname ?? ""}\n`,
    `Joined at:             	${prettyMoment(node.CreatedAt)}\n`,
    `Status:\n State:			${capitalized(Status?.State)}\n`,
    Status?.Message && ` Message:              	${capitalized(Status.Message)}\n`,
    ` Availability:         	${capitalized(Spec?.Availability)}\n`,
    Status?.Addr && ` Address:		${Status.Addr}\n`,
    ManagerStatus &&
      `Manager Status:
 Address:		${ManagerStatus.Addr ?? ""}
 Raft Status:		${capitalized(ManagerStatus.Reachability)}
 Leader:		${ManagerStatus.Leader ? "Yes" : "No"}
`,
    prettyDescription(Description ?? {}),
  ].join("");
}

function prettyDescription({ Platform, Resources, Engine, TLSInfo }: NonNullable<Node["Description"]>): string {
  const cpus = Math.trunc((Resources?.NanoCPUs ?? 0) / 1e9);
  return [
    `Platform:
 Operating System:	${Platform?.OS ?? ""}
 Architecture:		${Platform?.Architecture ?? ""}
Resources:
 CPUs:			${cpus}
 Memory:		${bytesSize(Resources?.MemoryBytes ?? 0)}
`,
    prettyPlugins(Engine?.Plugins ?? []),
    `Engine Version:		${Engine?.EngineVersion ?? ""}\n`,
    prettyLabels(Engine?.Labels).replace(/^Labels:/, "Engine Labels:"),
    TLSInfo?.TrustRoot &&
      `TLS Info:
 TrustRoot:
${TLSInfo.TrustRoot}
 Issuer Subject:	${TLSInfo.CertIssuerSubject ?? ""}
 Issuer Public Key:	${TLSInfo.CertIssuerPublicKey ?? ""}
`,
  ].join("");
}

function prettyPlugins(plugins: readonly { Type?: string; Name?: string }[]): string {
  const byType = new Map<string, string[]>();
  for (const { Type = "", Name = "" } of plugins) byType.set(Type, [...(byType.get(Type) ?? []), Name]);
  if (byType.size === 0) return "";
  const lines = [...byType].sort(([a], [b]) => (a < b ? -1 : 1));
  return `Plugins:\n${lines.map(([type, names]) => ` ${type}:		${names.join(", ")}\n`).join("")}`;
}
