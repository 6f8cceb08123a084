import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { runCli, stubEngine } from "../testing.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync("/tmp/berth-auth-");
});
afterEach(() => rmSync(home, { recursive: true }));

const config = async () => JSON.parse(await Bun.file(`${home}/config.json`).text());
const login = (answer: object = { Status: "Login Succeeded", IdentityToken: "" }) =>
  stubEngine({ "POST /auth": () => Response.json(answer) });
const run = (argv: string[], more: Parameters<typeof runCli>[1] = {}) =>
  runCli(["--config", home, ...argv], { ...more, env: { PATH: `${home}:${process.env["PATH"] ?? ""}` } });

/** A docker-credential-* program that keeps what it is given in a file. */
function installHelper(): void {
  writeFileSync(
    `${home}/docker-credential-test`,
    `#!/bin/sh
case $1 in
  store) cat > ${home}/kept ;;
  get) cat > /dev/null
    if [ -f ${home}/kept ]; then cat ${home}/kept; else echo "credentials not found in native keychain"; exit 1; fi ;;
  erase) cat > /dev/null; rm -f ${home}/kept ;;
  list) cat > /dev/null; echo '{"localhost:5000":"me"}' ;;
esac
`,
  );
  chmodSync(`${home}/docker-credential-test`, 0o755);
}

test("login stores what the engine accepted, readable to the user alone, and warns", async () => {
  await using engine = login();
  const { code, stdout, stderr } = await run(["login", "-u", "me", "--password-stdin", "localhost:5000"], {
    engine,
    stdin: "s3:cret\n",
  });
  expect([code, stdout]).toEqual([0, "Login Succeeded\n"]);
  expect(engine.calls[0]?.body).toEqual({ username: "me", password: "s3:cret", serveraddress: "localhost:5000" });
  expect(await config()).toEqual({
    auths: { "localhost:5000": { auth: Buffer.from("me:s3:cret").toString("base64") } },
  });
  expect(statSync(`${home}/config.json`).mode & 0o777).toBe(0o600);
  expect(stderr).toContain(`WARNING! Your credentials are stored unencrypted in '${home}/config.json'.`);
});

test("an identity token takes the password's place", async () => {
  await using engine = login({ Status: "Login Succeeded", IdentityToken: "token" });
  await run(["login", "-u", "me", "-p", "secret", "https://registry.example/v1/"], { engine });
  expect(await config()).toEqual({
    auths: { "registry.example": { auth: Buffer.from("me:").toString("base64"), identitytoken: "token" } },
  });
});

test("a refusal stores nothing", async () => {
  await using engine = stubEngine({
    "POST /auth": () => Response.json({ message: "unauthorized: incorrect username or password" }, { status: 401 }),
  });
  const { code, stderr } = await run(["login", "-u", "me", "--password-stdin"], { engine, stdin: "x" });
  expect([code, stderr]).toEqual([1, "Error response from daemon: unauthorized: incorrect username or password\n"]);
  expect(await Bun.file(`${home}/config.json`).exists()).toBe(false);
});

test("pull sends what is stored for the image's registry; logout forgets it", async () => {
  writeFileSync(
    `${home}/config.json`,
    JSON.stringify({
      auths: { "https://index.docker.io/v1/": { auth: Buffer.from("hub:pw").toString("base64") }, "other.example": {} },
      HttpHeaders: { X: "1" },
    }),
  );
  await using engine = stubEngine({ "POST /images/create": () => new Response("") });
  await run(["pull", "-q", "busybox"], { engine });
  const sent = engine.calls[0]?.headers.get("x-registry-auth") ?? "";
  expect(JSON.parse(Buffer.from(sent, "base64url").toString())).toEqual({
    username: "hub",
    password: "pw",
    serveraddress: "https://index.docker.io/v1/",
  });
  expect((await run(["logout"])).stdout).toBe("Removing login credentials for https://index.docker.io/v1/\n");
  expect(await config()).toEqual({ auths: { "other.example": {} }, HttpHeaders: { X: "1" } });
});

test("a helper keeps the secret; the file only knows the registry", async () => {
  installHelper();
  writeFileSync(`${home}/config.json`, JSON.stringify({ credHelpers: { "localhost:5000": "test" } }));
  await using engine = login();
  const { stderr } = await run(["login", "-u", "me", "-p", "secret", "localhost:5000"], { engine });
  expect(stderr).toBe("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
  expect(JSON.parse(await Bun.file(`${home}/kept`).text())).toEqual({
    ServerURL: "localhost:5000",
    Username: "me",
    Secret: "secret",
  });
  expect((await config()).auths).toEqual({ "localhost:5000": {} });

  await using puller = stubEngine({ "POST /images/create": () => new Response("") });
  await run(["pull", "-q", "localhost:5000/app"], { engine: puller });
  const sent = puller.calls[0]?.headers.get("x-registry-auth") ?? "";
  expect(JSON.parse(Buffer.from(sent, "base64url").toString())).toMatchObject({ username: "me", password: "secret" });

  await run(["logout", "localhost:5000"]);
  expect(await Bun.file(`${home}/kept`).exists()).toBe(false);
});

test("a helper that is not there is named", async () => {
  writeFileSync(`${home}/config.json`, JSON.stringify({ credsStore: "nowhere" }));
  await using engine = stubEngine({ "POST /images/create": () => new Response("") });
  expect((await run(["pull", "busybox"], { engine })).stderr).toContain(
    'exec: "docker-credential-nowhere": executable file not found in $PATH',
  );
});
