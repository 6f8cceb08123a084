import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sh, until } from "../harness.ts";
import { codes, pushImage, putManifest, randomBlob } from "./content.ts";
import { RegistryProcess } from "./process.ts";
import { ann, basic, bob, writeUsers } from "./users.ts";

let work: string;
let users: string;
beforeAll(async () => {
  work = mkdtempSync("/tmp/berth-registry-auth-");
  users = await writeUsers(work);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe("tokens", () => {
  let registry: RegistryProcess;
  let access: string;
  beforeAll(async () => {
    access = join(work, "access.yaml");
    writeFileSync(
      access,
      [
        "access:",
        "  - { users: [ann], repositories: ['**'], actions: ['*'] }",
        "  - { users: [bob], repositories: ['team/**'], actions: [pull, push] }",
        "  - { users: ['*'], repositories: ['home/{user}/**'], actions: [pull, push, delete] }",
        "  - { users: [anonymous], repositories: ['public/*'], actions: [pull] }",
      ].join("\n"),
    );
    registry = await RegistryProcess.start(["--auth", `token:${users}`, "--access-file", access]);
  });
  afterAll(async () => await registry[Symbol.asyncDispose]());

  const token = async (scope: string, headers: Record<string, string> = {}) => {
    const { token } = await registry.json(`/token?service=berth-registry&scope=${scope}`, { headers });
    return { Authorization: `Bearer ${token}` };
  };
  const claims = ({ Authorization }: { Authorization: string }) =>
    JSON.parse(Buffer.from(Authorization.split(".")[1] ?? "", "base64url").toString());

  test("the challenge says where and for what", async () => {
    const response = await registry.fetch("/v2/team/app/manifests/v1", { method: "PUT" });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(
      `Bearer realm="http://${registry.address}/token",service="berth-registry",scope="repository:team/app:pull,push"`,
    );
    expect((await registry.fetch("/v2/")).headers.get("www-authenticate")).toBe(
      `Bearer realm="http://${registry.address}/token",service="berth-registry"`,
    );
    expect((await registry.fetch("/v2/", { headers: await token("") })).status).toBe(200);
  });

  test("grant what the rules give, no more", async () => {
    expect(claims(await token("repository:team/app:pull,push,delete", bob)).access).toEqual([
      { type: "repository", name: "team/app", actions: ["pull", "push"] },
    ]);
    expect(claims(await token("repository:other/app:pull,push", bob)).access).toEqual([]);
    expect(claims(await token("repository:home/bob/x:*", bob)).access).toEqual([
      { type: "repository", name: "home/bob/x", actions: ["pull", "push", "delete"] },
    ]);
    expect(claims(await token("repository:home/ann/x:push", bob)).access).toEqual([]);
    expect(claims(await token("repository:public/x:pull,push")).access).toEqual([
      { type: "repository", name: "public/x", actions: ["pull"] },
    ]);
    expect((await registry.fetch("/token?scope=x", { headers: basic("bob", "wrong") })).status).toBe(401);
  });

  test("a token opens what it was made for", async () => {
    const push = await token("repository:team/app:pull,push", bob);
    const { manifest } = await pushImage(registry, "team/app", "v1", { headers: push });
    expect((await registry.fetch("/v2/team/app/manifests/v1", { headers: push })).status).toBe(200);
    const other = await registry.fetch("/v2/team/other/manifests/v1", { headers: push });
    expect(other.status).toBe(401);
    expect(other.headers.get("www-authenticate")).toContain('scope="repository:team/other:pull"');
    const refused = await registry.fetch(`/v2/team/app/manifests/${manifest.digest}`, {
      method: "DELETE",
      headers: push,
    });
    expect(refused.status).toBe(403);
    expect(await codes(refused)).toEqual(["DENIED"]);
    const remove = await token("repository:team/app:delete", ann);
    expect(
      (await registry.fetch(`/v2/team/app/manifests/${manifest.digest}`, { method: "DELETE", headers: remove })).status,
    ).toBe(202);
  });

  test("anonymous pulls where allowed, and no mount steals from elsewhere", async () => {
    const { config } = await pushImage(registry, "public/tool", "v1", { headers: ann });
    expect(
      (await registry.fetch("/v2/public/tool/manifests/v1", { headers: await token("repository:public/tool:pull") }))
        .status,
    ).toBe(200);
    const secret = randomBlob(100);
    await registry.fetch(`/v2/secret/x/blobs/uploads/?digest=${secret.digest}`, {
      method: "POST",
      body: secret.content,
      headers: ann,
    });
    const push = await token("repository:team/app:pull,push", bob);
    expect(
      (
        await registry.fetch(`/v2/team/app/blobs/uploads/?mount=${secret.digest}&from=secret/x`, {
          method: "POST",
          headers: push,
        })
      ).status,
    ).toBe(202);
    expect(
      (await registry.fetch(`/v2/team/app/blobs/uploads/?mount=${secret.digest}`, { method: "POST", headers: push }))
        .status,
    ).toBe(202);
    const both = await token("repository:team/app:pull,push&scope=repository:public/tool:pull", bob);
    expect(
      (
        await registry.fetch(`/v2/team/app/blobs/uploads/?mount=${config.digest}&from=public/tool`, {
          method: "POST",
          headers: both,
        })
      ).status,
    ).toBe(201);
  });

  test("the catalogue shows what one may pull", async () => {
    await pushImage(registry, "secret/y", "v1", { headers: ann });
    await pushImage(registry, "team/listed", "v1", { headers: bob });
    const catalog = async (headers: Record<string, string>) =>
      (await registry.json("/v2/_catalog", { headers: await token("registry:catalog:*", headers) })).repositories;
    expect(await catalog(bob)).toContain("team/listed");
    expect(await catalog(bob)).not.toContain("secret/y");
    expect(await catalog(ann)).toContain("secret/y");
    expect((await registry.fetch("/v2/_catalog")).headers.get("www-authenticate")).toContain(
      'scope="registry:catalog:*"',
    );
    const search = async (headers: Record<string, string>) =>
      (await registry.json("/v1/search?q=", { headers })).results.map(({ name }: { name: string }) => name);
    expect(await search({})).not.toContain("team/listed");
    expect(await search(await token("registry:catalog:search", bob))).toContain("team/listed");
    expect(await search(await token("registry:catalog:search", bob))).not.toContain("secret/y");
    expect(await search(await token("repository:team/other:pull", bob))).not.toContain("team/listed");
    expect(await search(bob)).toContain("team/listed");
  });

  test("OAuth2: password, refresh token, and its end with the password", async () => {
    const post = (form: Record<string, string>) =>
      registry.fetch("/token", { method: "POST", body: new URLSearchParams(form) });
    const first = (await (
      await post({
        grant_type: "password",
        username: "bob",
        password: "bob's: password",
        service: "berth-registry",
        client_id: "t",
        access_type: "offline",
        scope: "repository:team/app:pull",
      })
    ).json()) as Record<string, string>;
    expect(first.refresh_token).toBeTruthy();
    const again = await post({
      grant_type: "refresh_token",
      refresh_token: first.refresh_token ?? "",
      service: "berth-registry",
      client_id: "t",
      scope: "repository:team/app:pull,push",
    });
    expect(again.status).toBe(200);
    expect(
      (await post({ grant_type: "refresh_token", refresh_token: first.access_token ?? "", client_id: "t" })).status,
    ).toBe(401);
    expect((await registry.fetch("/v2/", { headers: { Authorization: `Bearer ${first.refresh_token}` } })).status).toBe(
      401,
    );
    await sh(["htpasswd", "-iB", "-C", "5", users, "bob"], { input: "another" });
    await until(
      "the refresh token to be refused",
      async () =>
        (await post({ grant_type: "refresh_token", refresh_token: first.refresh_token ?? "", client_id: "t" }))
          .status === 401,
    );
    await sh(["htpasswd", "-iB", "-C", "5", users, "bob"], { input: "bob's: password" });
    await until(
      "bob's password to be back",
      async () => (await registry.fetch("/token", { headers: bob })).status === 200,
    );
  });

  test("forged and foreign tokens are refused", async () => {
    const { Authorization } = await token("repository:team/app:pull", bob);
    const [head = "", body = "", signature = ""] = Authorization.slice(7).split(".");
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
    const more = Buffer.from(JSON.stringify({ ...claims({ Authorization }), sub: "ann" })).toString("base64url");
    for (const forged of [
      `${none}.${body}.`,
      `${none}.${body}.${signature}`,
      `${head}.${more}.${signature}`,
      `${head}.${body}.${signature.slice(0, -4)}AAAA`,
      `${head}.${body}`,
      "a.b.c",
      "..",
      "x".repeat(100_000),
    ]) {
      expect((await registry.fetch("/v2/", { headers: { Authorization: `Bearer ${forged}` } })).status).toBeOneOf([
        401, 431,
      ]);
    }
  });

  test("skopeo goes through tokens", async () => {
    await pushImage(registry, "team/skopeo", "v1", { headers: bob });
    const { exitCode, stderr } = await sh([
      "skopeo",
      "copy",
      "--src-tls-verify=false",
      "--dest-tls-verify=false",
      "--src-creds",
      "bob:bob's: password",
      "--dest-creds",
      "bob:bob's: password",
      `docker://${registry.address}/team/skopeo:v1`,
      `docker://${registry.address}/home/bob/copy:v1`,
    ]);
    expect(`${exitCode} ${stderr}`).toStartWith("0");
    const denied = await sh([
      "skopeo",
      "inspect",
      "--tls-verify=false",
      "--creds",
      "bob:bob's: password",
      `docker://${registry.address}/secret/y:v1`,
    ]);
    expect(denied.exitCode).not.toBe(0);
  });
});

test("tokens of a service elsewhere", async () => {
  for (const type of ["ec", "rsa"] as const) {
    const pem = {
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    } as const;
    const { publicKey, privateKey } =
      type === "ec"
        ? generateKeyPairSync("ec", { namedCurve: "P-256", ...pem })
        : generateKeyPairSync("rsa", { modulusLength: 2048, ...pem });
    const config = join(work, `external-${type}.yaml`);
    writeFileSync(join(work, `${type}.pem`), publicKey);
    writeFileSync(
      config,
      "token-service:\n  realm: https://auth.example.com/token\n  service: registry.example.com\n  issuer: " +
        `example\n  keys: ${type}.pem\n`,
    );
    await using registry = await RegistryProcess.start(["--config", config]);
    expect((await registry.fetch("/v2/")).headers.get("www-authenticate")).toBe(
      'Bearer realm="https://auth.example.com/token",service="registry.example.com"',
    );
    const { sign } = await import("node:crypto");
    const issue = (over: Record<string, unknown>) => {
      const seconds = Math.floor(Date.now() / 1000);
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const access = [{ type: "repository", name: "a/b", actions: ["pull", "push"] }];
      const claims = { iss: "example", aud: "registry.example.com", sub: "eve", exp: seconds + 300, access, ...over };
      const text = `${part({ alg: type === "ec" ? "ES256" : "RS256", typ: "JWT" })}.${part(claims)}`;
      const key = createPrivateKey(privateKey);
      const how = type === "ec" ? ({ key, dsaEncoding: "ieee-p1363" } as const) : key;
      return { Authorization: `Bearer ${text}.${sign("sha256", Buffer.from(text), how).toString("base64url")}` };
    };
    const image = await pushImage(registry, "a/b", "v1", { headers: issue({}) });
    expect((await putManifest(registry, "c/d", "v1", image.manifest, undefined, issue({}))).status).toBe(401);
    for (const wrong of [
      { iss: "other" },
      { aud: "elsewhere" },
      { exp: 1000 },
      { nbf: Math.floor(Date.now() / 1000) + 3600 },
    ]) {
      expect((await registry.fetch("/v2/", { headers: issue(wrong) })).status).toBe(401);
    }
  }
});
