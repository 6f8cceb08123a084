import { expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { identityOf } from "./identity.ts";
import { issueEtcd, issueNode, newRequest, usualLifetime } from "./issue.ts";
import { newRoot, rootDigest, tlsInfo } from "./root.ts";
import { digestInToken, newJoinToken, newUnlockKey, sameSecret, unlockKeyBytes } from "./tokens.ts";

test("a node's certificate names what the cluster says, whatever it asked for", async () => {
  const root = await newRoot();
  const { request, key } = await newRequest();
  const pem = await issueNode(root, request, { nodeId: "n1", role: "worker", clusterId: "c1" }, usualLifetime);
  const { notAfter, notBefore, ...identity } = identityOf(pem);
  expect(identity).toEqual({ nodeId: "n1", role: "worker", clusterId: "c1" });
  expect(notBefore).toBeLessThan(Date.now());
  expect(Math.round((notAfter - Date.now()) / 86_400_000)).toBe(90);
  const cert = new X509Certificate(pem);
  const authority = new X509Certificate(root.cert);
  expect(cert.verify(authority.publicKey)).toBe(true);
  expect(cert.checkIssued(authority)).toBe(true);
  expect(authority.subject).toBe("CN=swarm-ca");
  expect(new Date(authority.validTo).getFullYear() - new Date().getFullYear()).toBeGreaterThanOrEqual(19);
  expect(key).toStartWith("-----BEGIN PRIVATE KEY-----");
  expect(() => identityOf(root.cert)).toThrow("is no node's");
});

test("etcd's certificates bear no common name, and the addresses of the member", async () => {
  const root = await newRoot();
  const { request } = await newRequest();
  const cert = new X509Certificate(await issueEtcd(root, request, "c1", ["10.0.0.1", "localhost"]));
  expect(cert.subject).toBe("O=c1\nOU=swarm-etcd");
  expect(cert.checkIP("10.0.0.1")).toBe("10.0.0.1");
  expect(cert.checkHost("localhost")).toBe("localhost");
});

test("a request that is none, or that another's key has signed", async () => {
  const root = await newRoot();
  const whom = { nodeId: "n1", role: "worker", clusterId: "c1" } as const;
  expect(issueNode(root, "nonsense", whom, usualLifetime)).rejects.toThrow("cannot be read");
  const { request } = await newRequest();
  const lines = request.trim().split("\n");
  const der = Buffer.from(lines.slice(1, -1).join(""), "base64");
  der[der.length - 20] = (der[der.length - 20] ?? 0) ^ 1;
  const forged = `${lines[0]}\n${der.toString("base64")}\n${lines.at(-1)}\n`;
  expect(issueNode(root, forged, whom, usualLifetime)).rejects.toThrow(/not signed|cannot be read/);
});

test("tokens and keys", async () => {
  const root = await newRoot();
  const token = newJoinToken(root.cert);
  expect(token).toMatch(/^SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25}$/);
  expect(digestInToken(token)).toBe(rootDigest(root.cert));
  expect(() => digestInToken("SWMTKN-1-x-y")).toThrow("invalid join token");
  const key = newUnlockKey();
  expect(key).toMatch(/^SWMKEY-1-[A-Za-z0-9+/]{43}$/);
  expect(unlockKeyBytes(key)?.length).toBe(32);
  expect(unlockKeyBytes("SWMKEY-1-x")).toBeNull();
  expect([sameSecret("a", "a"), sameSecret("a", "b"), sameSecret("a", "")]).toEqual([true, false, false]);
  const info = await tlsInfo(root.cert);
  expect(Buffer.from(info.CertIssuerSubject, "base64").toString()).toContain("swarm-ca");
});
