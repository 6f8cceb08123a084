import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sh, until } from "../harness.ts";
import { codes, pushImage, putManifest, randomBlob } from "./content.ts";
import { RegistryProcess } from "./process.ts";

let work: string;
let users: string;
const basic = (user: string, password: string) => ({ Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` });
const ann = basic("ann", "ann's password");
const bob = basic("bob", "bob's: password");

beforeAll(async () => {
  work = mkdtempSync("/tmp/berth-registry-auth-");
  users = join(work, "users");
  for (const [user, password, create] of [["ann", "ann's password", "-c"], ["bob", "bob's: password", ""]] as const) {
    const { exitCode, stderr } = await sh(["htpasswd", "-iB", "-C", "5", ...(create ? [create] : []), users, user], { input: password });
    expect(`${exitCode} ${stderr}`).toStartWith("0");
  }
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe("htpasswd", () => {
  let registry: RegistryProcess;
  beforeAll(async () => void (registry = await RegistryProcess.start(["--auth", `htpasswd:${users}`])));
  afterAll(async () => await registry[Symbol.asyncDispose]());

  test("challenges, lets in who is right, and nobody else", async () => {
    const nobody = await registry.fetch("/v2/");
    expect(nobody.status).toBe(401);
    expect(nobody.headers.get("www-authenticate")).toStartWith("Basic realm=");
    expect(await codes(nobody)).toEqual(["UNAUTHORIZED"]);
    expect((await registry.fetch("/v2/", { headers: ann })).status).toBe(200);
    expect((await registry.fetch("/v2/", { headers: bob })).status).toBe(200);
    for (const wrong of [basic("ann", "wrong"), basic("ann", ""), basic("nobody", "ann's password"), { Authorization: "Basic !!!" }, { Authorization: "Bearer x.y.z" }]) {
      expect((await registry.fetch("/v2/", { headers: wrong })).status).toBe(401);
    }
  });

  test("every address of the protocol asks", async () => {
    const digest = `sha256:${"0".repeat(64)}`;
    for (const [method, path] of [
      ["GET", "/v2/_catalog"], ["GET", "/v2/a/tags/list"], ["GET", "/v2/a/manifests/x"], ["PUT", "/v2/a/manifests/x"], ["DELETE", "/v2/a/manifests/x"],
      ["GET", `/v2/a/blobs/${digest}`], ["DELETE", `/v2/a/blobs/${digest}`], ["POST", "/v2/a/blobs/uploads/"], ["PATCH", "/v2/a/blobs/uploads/x"],
      ["GET", `/v2/a/referrers/${digest}`],
    ] as const) {
      expect(`${path} ${(await registry.fetch(path, { method })).status}`).toBe(`${path} 401`);
    }
  });

  test("skopeo logs in, pushes and pulls", async () => {
    const authfile = join(work, "auth.json");
    const login = await sh(["skopeo", "login", "--authfile", authfile, "--tls-verify=false", "-u", "bob", "--password-stdin", registry.address], { input: "bob's: password" });
    expect(login.stderr + login.stdout).toContain("Login Succeeded");
    expect((await sh(["skopeo", "login", "--authfile", join(work, "none"), "--tls-verify=false", "-u", "bob", "--password-stdin", registry.address], { input: "no" })).exitCode).not.toBe(0);
    await pushImage(registry, "team/app", "v1", { headers: bob });
    const list = await sh(["skopeo", "list-tags", "--authfile", authfile, "--tls-verify=false", `docker://${registry.address}/team/app`]);
    expect(JSON.parse(list.stdout).Tags).toEqual(["v1"]);
  });

  test("a change of the file takes effect", async () => {
    await sh(["htpasswd", "-iB", "-C", "5", users, "carl"], { input: "new" });
    await until("the new user", async () => (await registry.fetch("/v2/", { headers: basic("carl", "new") })).status === 200);
    await sh(["htpasswd", "-D", users, "carl"]);
    await until("the user to be gone", async () => (await registry.fetch("/v2/", { headers: basic("carl", "new") })).status === 401);
  });
});

describe("tokens", () => {
  let registry: RegistryProcess;
  let access: string;
  beforeAll(async () => {
    access = join(work, "access.yaml");
    writeFileSync(access, [
      "access:",
      "  - { users: [ann], repositories: ['**'], actions: ['*'] }",
      "  - { users: [bob], repositories: ['team/**'], actions: [pull, push] }",
      "  - { users: ['*'], repositories: ['home/{user}/**'], actions: [pull, push, delete] }",
      "  - { users: [anonymous], repositories: ['public/*'], actions: [pull] }",
    ].join("\n"));
    registry = await RegistryProcess.start(["--auth", `token:${users}`, "--access-file", access]);
  });
  afterAll(async () => await registry[Symbol.asyncDispose]());

  const token = async (scope: string, headers: Record<string, string> = {}) => {
    const { token } = await registry.json(`/token?service=berth-registry&scope=${scope}`, { headers });
    return { Authorization: `Bearer ${token}` };
  };
  const claims = ({ Authorization }: { Authorization: string }) => JSON.parse(Buffer.from(Authorization.split(".")[1] ?? "", "base64url").toString());

  test("the challenge says where and for what", async () => {
    const response = await registry.fetch("/v2/team/app/manifests/v1", { method: "PUT" });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(`Bearer realm="http://${registry.address}/token",service="berth-registry",scope="repository:team/app:pull,push"`);
    expect((await registry.fetch("/v2/")).headers.get("www-authenticate")).toBe(`Bearer realm="http://${registry.address}/token",service="berth-registry"`);
    expect((await registry.fetch("/v2/", { headers: await token("") })).status).toBe(200);
  });

  test("grant what the rules give, no more", async () => {
    expect(claims(await token("repository:team/app:pull,push,delete", bob)).access).toEqual([{ type: "repository", name: "team/app", actions: ["pull", "push"] }]);
    expect(claims(await token("repository:other/app:pull,push", bob)).access).toEqual([]);
    expect(claims(await token("repository:home/bob/x:*", bob)).access).toEqual([{ type: "repository", name: "home/bob/x", actions: ["pull", "push", "delete"] }]);
    expect(claims(await token("repository:home/ann/x:push", bob)).access).toEqual([]);
    expect(claims(await token("repository:public/x:pull,push")).access).toEqual([{ type: "repository", name: "public/x", actions: ["pull"] }]);
    expect((await registry.fetch("/token?scope=x", { headers: basic("bob", "wrong") })).status).toBe(401);
  });

  test("a token opens what it was made for", async () => {
    const push = await token("repository:team/app:pull,push", bob);
    const { manifest } = await pushImage(registry, "team/app", "v1", { headers: push });
    expect((await registry.fetch("/v2/team/app/manifests/v1", { headers: push })).status).toBe(200);
    const other = await registry.fetch("/v2/team/other/manifests/v1", { headers: push });
    expect(other.status).toBe(401);
    expect(other.headers.get("www-authenticate")).toContain('scope="repository:team/other:pull"');
    const refused = await registry.fetch(`/v2/team/app/manifests/${manifest.digest}`, { method: "DELETE", headers: push });
    expect(refused.status).toBe(403);
    expect(await codes(refused)).toEqual(["DENIED"]);
    const remove = await token("repository:team/app:delete", ann);
    expect((await registry.fetch(`/v2/team/app/manifests/${manifest.digest}`, { method: "DELETE", headers: remove })).status).toBe(202);
  });

  test("anonymous pulls where allowed, and no mount steals from elsewhere", async () => {
    const { config } = await pushImage(registry, "public/tool", "v1", { headers: ann });
    expect((await registry.fetch("/v2/public/tool/manifests/v1", { headers: await token("repository:public/tool:pull") })).status).toBe(200);
    const secret = randomBlob(100);
    await registry.fetch(`/v2/secret/x/blobs/uploads/?digest=${secret.digest}`, { method: "POST", body: secret.content, headers: ann });
    const push = await token("repository:team/app:pull,push", bob);
    expect((await registry.fetch(`/v2/team/app/blobs/uploads/?mount=${secret.digest}&from=secret/x`, { method: "POST", headers: push })).status).toBe(202);
    expect((await registry.fetch(`/v2/team/app/blobs/uploads/?mount=${secret.digest}`, { method: "POST", headers: push })).status).toBe(202);
    const both = await token("repository:team/app:pull,push&scope=repository:public/tool:pull", bob);
    expect((await registry.fetch(`/v2/team/app/blobs/uploads/?mount=${config.digest}&from=public/tool`, { method: "POST", headers: both })).status).toBe(201);
  });

  test("the catalogue shows what one may pull", async () => {
    await pushImage(registry, "secret/y", "v1", { headers: ann });
    await pushImage(registry, "team/listed", "v1", { headers: bob });
    const catalog = async (headers: Record<string, string>) => (await registry.json("/v2/_catalog", { headers: await token("registry:catalog:*", headers) })).repositories;
    expect(await catalog(bob)).toContain("team/listed");
    expect(await catalog(bob)).not.toContain("secret/y");
    expect(await catalog(ann)).toContain("secret/y");
    expect((await registry.fetch("/v2/_catalog")).headers.get("www-authenticate")).toContain('scope="registry:catalog:*"');
    const search = async (headers: Record<string, string>) => (await registry.json("/v1/search?q=", { headers })).results.map(({ name }: { name: string }) => name);
    expect(await search({})).not.toContain("team/listed");
    expect(await search(await token("registry:catalog:search", bob))).toContain("team/listed");
    expect(await search(await token("registry:catalog:search", bob))).not.toContain("secret/y");
    expect(await search(await token("repository:team/other:pull", bob))).not.toContain("team/listed");
    expect(await search(bob)).toContain("team/listed");
  });

  test("OAuth2: password, refresh token, and its end with the password", async () => {
    const post = (form: Record<string, string>) => registry.fetch("/token", { method: "POST", body: new URLSearchParams(form) });
    const first = await (await post({ grant_type: "password", username: "bob", password: "bob's: password", service: "berth-registry", client_id: "t", access_type: "offline", scope: "repository:team/app:pull" })).json() as Record<string, string>;
    expect(first.refresh_token).toBeTruthy();
    const again = await post({ grant_type: "refresh_token", refresh_token: first.refresh_token ?? "", service: "berth-registry", client_id: "t", scope: "repository:team/app:pull,push" });
    expect(again.status).toBe(200);
    expect((await post({ grant_type: "refresh_token", refresh_token: first.access_token ?? "", client_id: "t" })).status).toBe(401);
    expect((await registry.fetch("/v2/", { headers: { Authorization: `Bearer ${first.refresh_token}` } })).status).toBe(401);
    await sh(["htpasswd", "-iB", "-C", "5", users, "bob"], { input: "another" });
    await until("the refresh token to be refused", async () => (await post({ grant_type: "refresh_token", refresh_token: first.refresh_token ?? "", client_id: "t" })).status === 401);
    await sh(["htpasswd", "-iB", "-C", "5", users, "bob"], { input: "bob's: password" });
    await until("bob's password to be back", async () => (await registry.fetch("/token", { headers: bob })).status === 200);
  });

  test("forged and foreign tokens are refused", async () => {
    const { Authorization } = await token("repository:team/app:pull", bob);
    const [head = "", body = "", signature = ""] = Authorization.slice(7).split(".");
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
    const more = Buffer.from(JSON.stringify({ ...claims({ Authorization }), sub: "ann" })).toString("base64url");
    for (const forged of [`${none}.${body}.`, `${none}.${body}.${signature}`, `${head}.${more}.${signature}`, `${head}.${body}.${signature.slice(0, -4)}AAAA`, `${head}.${body}`, "a.b.c", "..", "x".repeat(100_000)]) {
      expect((await registry.fetch("/v2/", { headers: { Authorization: `Bearer ${forged}` } })).status).toBeOneOf([401, 431]);
    }
  });

  test("skopeo goes through tokens", async () => {
    await pushImage(registry, "team/skopeo", "v1", { headers: bob });
    const { exitCode, stderr } = await sh(["skopeo", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", "--src-creds", "bob:bob's: password", "--dest-creds", "bob:bob's: password", `docker://${registry.address}/team/skopeo:v1`, `docker://${registry.address}/home/bob/copy:v1`]);
    expect(`${exitCode} ${stderr}`).toStartWith("0");
    const denied = await sh(["skopeo", "inspect", "--tls-verify=false", "--creds", "bob:bob's: password", `docker://${registry.address}/secret/y:v1`]);
    expect(denied.exitCode).not.toBe(0);
  });
});

test("anonymous pull: everybody reads, users write", async () => {
  await using registry = await RegistryProcess.start(["--auth", `htpasswd:${users}`, "--anonymous-pull"]);
  await pushImage(registry, "app", "v1", { headers: ann });
  expect((await sh(["skopeo", "inspect", "--tls-verify=false", `docker://${registry.address}/app:v1`])).exitCode).toBe(0);
  expect((await sh(["skopeo", "delete", "--tls-verify=false", `docker://${registry.address}/app:v1`])).exitCode).not.toBe(0);
  expect((await registry.fetch("/v2/app/blobs/uploads/", { method: "POST" })).status).toBe(401);
});

test("tokens of a service elsewhere", async () => {
  for (const type of ["ec", "rsa"] as const) {
    const pem = { publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } } as const;
    const { publicKey, privateKey } = type === "ec" ? generateKeyPairSync("ec", { namedCurve: "P-256", ...pem }) : generateKeyPairSync("rsa", { modulusLength: 2048, ...pem });
    const config = join(work, `external-${type}.yaml`);
    writeFileSync(join(work, `${type}.pem`), publicKey);
    writeFileSync(config, `token-service:\n  realm: https://auth.example.com/token\n  service: registry.example.com\n  issuer: example\n  keys: ${type}.pem\n`);
    await using registry = await RegistryProcess.start(["--config", config]);
    expect((await registry.fetch("/v2/")).headers.get("www-authenticate")).toBe('Bearer realm="https://auth.example.com/token",service="registry.example.com"');
    const { sign } = await import("node:crypto");
    const issue = (over: Record<string, unknown>) => {
      const seconds = Math.floor(Date.now() / 1000);
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const text = `${part({ alg: type === "ec" ? "ES256" : "RS256", typ: "JWT" })}.${part({ iss: "example", aud: "registry.example.com", sub: "eve", exp: seconds + 300, access: [{ type: "repository", name: "a/b", actions: ["pull", "push"] }], ...over })}`;
      const key = createPrivateKey(privateKey);
      return { Authorization: `Bearer ${text}.${sign("sha256", Buffer.from(text), type === "ec" ? { key, dsaEncoding: "ieee-p1363" } : key).toString("base64url")}` };
    };
    const image = await pushImage(registry, "a/b", "v1", { headers: issue({}) });
    expect((await putManifest(registry, "c/d", "v1", image.manifest, undefined, issue({}))).status).toBe(401);
    for (const wrong of [{ iss: "other" }, { aud: "elsewhere" }, { exp: 1000 }, { nbf: Math.floor(Date.now() / 1000) + 3600 }]) {
      expect((await registry.fetch("/v2/", { headers: issue(wrong) })).status).toBe(401);
    }
  }
});
