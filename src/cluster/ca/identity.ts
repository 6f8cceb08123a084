import { X509Certificate } from "node:crypto";

/** What a node is in its cluster. */
export type Role = "worker" | "manager";

/** Whom a node's certificate names. */
export interface Identity {
  nodeId: string;
  role: Role;
  clusterId: string;
}

const units: Record<string, Role> = { "swarm-worker": "worker", "swarm-manager": "manager" };

/** The organizational unit in certificates that stands for a role. */
export const unitOf = (role: Role) => `swarm-${role}`;

/** Whom the subject of a certificate names, as `node:tls` tells it; null: no node of any cluster. */
export function identityIn(subject: { CN?: unknown; OU?: unknown; O?: unknown } | undefined): Identity | null {
  if (!subject) return null;
  const { CN: nodeId, OU, O: clusterId } = subject;
  const role = typeof OU === "string" ? units[OU] : undefined;
  if (typeof nodeId !== "string" || typeof clusterId !== "string" || role === undefined) return null;
  return { nodeId, role, clusterId };
}

/** Whom a certificate names and until when it is good. Throws where it names no node. */
export function identityOf(pem: string): Identity & { notBefore: number; notAfter: number } {
  const cert = new X509Certificate(pem);
  const lines = cert.subject.split("\n").map((line): [string, string] => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)];
  });
  const identity = identityIn(Object.fromEntries(lines));
  if (!identity) throw new Error(`the certificate of ${cert.subject.replaceAll("\n", ", ")} is no node's`);
  return { ...identity, notBefore: Date.parse(cert.validFrom), notAfter: Date.parse(cert.validTo) };
}
