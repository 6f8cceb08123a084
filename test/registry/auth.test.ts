import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { sh, until } from "../harness.ts";
import { codes, pushImage } from "./content.ts";
import { RegistryProcess } from "./process.ts";
import { ann, basic, bob, writeUsers } from "./users.ts";

let work: string;
let users: string;
beforeAll(async () => {
  work = mkdtempSync("/tmp/berth-registry-auth-");
  users = await writeUsers(work);
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
    for (const wrong of [
      basic("ann", "wrong"),
      basic("ann", ""),
      basic("nobody", "ann's password"),
      { Authorization: "Basic !!!" },
      { Authorization: "Bearer x.y.z" },
    ]) {
      expect((await registry.fetch("/v2/", { headers: wrong })).status).toBe(401);
    }
  });

  test("every address of the protocol asks", async () => {
    const digest = `sha256:${"0".repeat(64)}`;
    for (const [method, path] of [
      ["GET", "/v2/_catalog"],
      ["GET", "/v2/a/tags/list"],
      ["GET", "/v2/a/manifests/x"],
      ["PUT", "/v2/a/manifests/x"],
      ["DELETE", "/v2/a/manifests/x"],
      ["GET", `/v2/a/blobs/${digest}`],
      ["DELETE", `/v2/a/blobs/${digest}`],
      ["POST", "/v2/a/blobs/uploads/"],
      ["PATCH", "/v2/a/blobs/uploads/x"],
      ["GET", `/v2/a/referrers/${digest}`],
    ] as const) {
      expect(`${path} ${(await registry.fetch(path, { method })).status}`).toBe(`${path} 401`);
    }
  });

  test("skopeo logs in, pushes and pulls", async () => {
    const authfile = join(work, "auth.json");
    const login = await sh(
      [
        "skopeo",
        "login",
        "--authfile",
        authfile,
        "--tls-verify=false",
        "-u",
        "bob",
        "--password-stdin",
        registry.address,
      ],
      { input: "bob's: password" },
    );
    expect(login.stderr + login.stdout).toContain("Login Succeeded");
    expect(
      (
        await sh(
          [
            "skopeo",
            "login",
            "--authfile",
            join(work, "none"),
            "--tls-verify=false",
            "-u",
            "bob",
            "--password-stdin",
            registry.address,
          ],
          { input: "no" },
        )
      ).exitCode,
    ).not.toBe(0);
    await pushImage(registry, "team/app", "v1", { headers: bob });
    const list = await sh([
      "skopeo",
      "list-tags",
      "--authfile",
      authfile,
      "--tls-verify=false",
      `docker://${registry.address}/team/app`,
    ]);
    expect(JSON.parse(list.stdout).Tags).toEqual(["v1"]);
  });

  test("a change of the file takes effect", async () => {
    await sh(["htpasswd", "-iB", "-C", "5", users, "carl"], { input: "new" });
    await until(
      "the new user",
      async () => (await registry.fetch("/v2/", { headers: basic("carl", "new") })).status === 200,
    );
    await sh(["htpasswd", "-D", users, "carl"]);
    await until(
      "the user to be gone",
      async () => (await registry.fetch("/v2/", { headers: basic("carl", "new") })).status === 401,
    );
  });
});

test("anonymous pull: everybody reads, users write", async () => {
  await using registry = await RegistryProcess.start(["--auth", `htpasswd:${users}`, "--anonymous-pull"]);
  await pushImage(registry, "app", "v1", { headers: ann });
  expect((await sh(["skopeo", "inspect", "--tls-verify=false", `docker://${registry.address}/app:v1`])).exitCode).toBe(
    0,
  );
  expect(
    (await sh(["skopeo", "delete", "--tls-verify=false", `docker://${registry.address}/app:v1`])).exitCode,
  ).not.toBe(0);
  expect((await registry.fetch("/v2/app/blobs/uploads/", { method: "POST" })).status).toBe(401);
});
