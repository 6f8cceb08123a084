/** Registries are opened with tokens that the client fetches itself; what it fetches them with it may keep. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RegistryProcess } from "../registry/process.ts";
import { ann, bob, writeUsers } from "../registry/users.ts";
import { Buildx } from "./rig.ts";

const buildx = new Buildx();
const { start, build, fails, context, ok } = buildx;
const work = mkdtempSync("/tmp/berth-tokens-");
/** One that gives tokens, and one that wants a name and password. */
let tokens: RegistryProcess;
let basic: RegistryProcess;
const undo = new AsyncDisposableStack();

beforeAll(async () => {
  undo.defer(() => rmSync(work, { recursive: true, force: true }));
  undo.use(buildx);
  const users = await writeUsers(work);
  const access = join(work, "access.yaml");
  writeFileSync(access, "access:\n  - { users: [bob], repositories: ['team/**'], actions: [pull, push] }\n");
  tokens = undo.use(await RegistryProcess.start(["--auth", `token:${users}`, "--access-file", access]));
  basic = undo.use(await RegistryProcess.start(["--auth", `htpasswd:${users}`]));
  await start();
});
afterAll(() => undo.disposeAsync());

/** What the client's configuration has for registries. */
function known(auths: Record<string, unknown>): void {
  writeFileSync(join(buildx.scratch, "config/config.json"), JSON.stringify({ auths }));
}
/** A user of the registries, as `docker login` leaves it. */
const login = (user: { Authorization: string }) => ({ auth: user.Authorization.slice("Basic ".length) });

/** Has an image in a registry of which the engine knows nothing. */
async function pushed(registry: RegistryProcess, name: string): Promise<string> {
  known({ [registry.address]: login(registry === tokens ? bob : ann) });
  const image = `${registry.address}/team/${name}`;
  await build(["--push", "-t", image, context(`FROM busybox\nRUN echo ${name} > /name\n`)]);
  await ok("rmi", image);
  return image;
}
const from = (image: string) => ["--pull", "--no-cache", context(`FROM ${image}\nRUN cat /name\n`)];
const said = (built: { steps: { logs: string[] }[] }) => built.steps.flatMap(({ logs }) => logs);

test("a client that fetches tokens says so, and one that will not gives its login", async () => {
  const image = await pushed(tokens, "app");
  const built = await build(from(image));
  expect(said(built)).toContain("app");
  expect(built.stderr).toContain(`[auth] team/app:pull token for ${tokens.address}`);
  const other = await build(from(image), { env: { BUILDKIT_NO_CLIENT_TOKEN: "1" } });
  expect(said(other)).toContain("app");
  expect(other.stderr).toContain(`[auth] sharing credentials for ${tokens.address}`);
  expect(other.stderr).not.toContain("token for");
});

test("a token that the client's configuration has opens the registry", async () => {
  const image = await pushed(tokens, "kept");
  const { token } = await tokens.json("/token?service=berth-registry&scope=repository:team/kept:pull", {
    headers: bob,
  });
  known({ [tokens.address]: { registrytoken: token } });
  expect(said(await build(from(image)))).toContain("kept");
});

test("what is wrong with a login is told, where tokens are given as where they are not", async () => {
  const [one, other] = [await pushed(tokens, "shut"), await pushed(basic, "shut")];
  const wrong = { auth: Buffer.from("bob:wrong").toString("base64") };
  known({ [tokens.address]: wrong, [basic.address]: wrong });
  const { error, stderr } = await fails(from(one));
  expect(error).toContain("failed to authorize: failed to fetch oauth token: unexpected status from GET request");
  // It is not asked again and again.
  expect(stderr.split("[auth]").length).toBeLessThanOrEqual(3);
  expect((await fails(from(other))).stderr).toContain("unauthorized");
  known({});
  expect((await fails(from(one))).exitCode).toBe(1);
  expect((await fails(from(other))).stderr).toContain("no basic auth credentials");
});

test("a registry that gives no tokens is shown the login", async () => {
  const image = await pushed(basic, "plain");
  expect(said(await build(from(image)))).toContain("plain");
});
