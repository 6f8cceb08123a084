/** Repositories behind ssh are had with the client's agent, from the hosts that are known, and with nothing else. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { GrpcError } from "../../src/lib/grpc/status.ts";
import { copied, definition, files, source } from "./definitions.ts";
import { Buildx } from "./rig.ts";
import { type SshServer, sshServer } from "./ssh-server.ts";
import { buildByWire, type Offered } from "./wire.ts";

const buildx = new Buildx();
const { start, build, fails, context, inside } = buildx;
let server: SshServer;

beforeAll(async () => {
  [server] = await Promise.all([sshServer(), start()]);
});
afterAll(async () => {
  await buildx[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** Has a definition take the repository; gives the file in it, or why there is none. */
async function fetched(attrs: Record<string, string>, offered: Offered): Promise<string> {
  let text = "";
  const state = source(`git://${server.url.slice("ssh://".length)}`, { "git.fullurl": server.url, ...attrs });
  // Upon a state of its own each time: what was had before is not asked for again.
  const taken = files(undefined, [copied("/hello", `/${crypto.randomUUID()}/hello`)], state);
  const building = buildByWire(buildx.host.slice("unix://".length), offered, async (wire) => {
    const id = await wire.solve(definition(state));
    text = await wire.read(id, "/hello");
    return wire.solve(definition(taken), true);
  });
  try {
    await building;
    return text;
  } catch (error) {
    if (error instanceof GrpcError) return error.message;
    throw error;
  }
}

test("a definition names the agent and the keys of hosts", async () => {
  const agents = { own: server.agent };
  const named = { "git.mountsshsock": "own" };
  const known = { "git.knownsshhosts": server.knownHosts };
  expect(await fetched({ ...named, ...known }, { agents })).toBe("over ssh\n");
  expect(await fetched(named, { agents })).toBe("over ssh\n");
  const other = server.knownHosts.replace(/AAAA\S+/, (key) => `${key.slice(0, -6)}AAAAAA`);
  expect(await fetched({ ...named, "git.knownsshhosts": other }, { agents })).toContain("Host key verification failed");
  expect(await fetched({ ...named, "git.knownsshhosts": "# none" }, { agents })).toContain(
    "Host key verification failed",
  );
  expect(await fetched({ ...named, ...known }, {})).toBe('no SSH key "own" forwarded from the client');
  expect(await fetched(known, { agents })).toContain("Permission denied (publickey)");
});

test("ADD and contexts take the client's agent", async () => {
  const folder = context(`FROM busybox\nADD ${server.url} /repo\n`);
  const env = { SSH_AUTH_SOCK: server.agent };
  await build(["--ssh", "default", "-t", "added", folder], { env });
  expect(await inside("added", "cat /repo/hello")).toBe("over ssh");
  const named = context("FROM busybox\nCOPY --from=repo hello /hello\n");
  await build(["--ssh", "default", "--build-context", `repo=${server.url}`, "-t", "named", named], { env });
  expect(await inside("named", "cat /hello")).toBe("over ssh");
  const { error } = await fails(["--no-cache", folder], { env: { SSH_AUTH_SOCK: "" } });
  expect(error).toContain('no SSH key "default" forwarded from the client');
});
