import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unavailable } from "../../lib/errors.ts";
import { relaySocket } from "../session/agent-relay.ts";
import type { BuildSession } from "../session/session.ts";

/** How a repository is spoken to that is behind ssh. */
export interface GitSsh {
  session: Pick<BuildSession, "agent">;
  /** Which of the client's agents; undefined: none. */
  agent: string | undefined;
  /** Keys of hosts as `known_hosts` has them; undefined: whoever answers is taken for it. */
  knownHosts: string | undefined;
}

/** Whether git takes ssh for an address: `ssh://…`, or `user@host:path`. */
export const isSsh = (repository: string) => /^ssh:\/\/|^[^/:]+@[^/:]+:/.test(repository);

/** As `docker build` has it for addresses in a Dockerfile, or as the context. */
export const gitSsh = (session: Pick<BuildSession, "agent">): GitSsh => ({
  session,
  agent: "default",
  knownHosts: undefined,
});

/**
 * What git needs in its environment to speak ssh: the client's agent, and none of the keys or hosts that this machine
 * knows.
 */
export async function sshEnvironment(
  tmp: string,
  { session, agent, knownHosts }: GitSsh,
  undo: AsyncDisposableStack,
): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmp, "git-ssh-"));
  undo.defer(() => rmSync(folder, { recursive: true, force: true }));
  const hosts = join(folder, "known_hosts");
  writeFileSync(hosts, knownHosts ?? "", { mode: 0o600 });
  const env = {
    GIT_SSH_COMMAND: [
      "ssh -F /dev/null -o BatchMode=yes -o IdentityFile=/dev/null -o GlobalKnownHostsFile=/dev/null",
      `-o UserKnownHostsFile=${hosts} -o StrictHostKeyChecking=${knownHosts === undefined ? "no" : "yes"}`,
      "-o LogLevel=ERROR",
    ].join(" "),
  };
  if (agent === undefined) return env;
  const dial = await session.agent(agent);
  if (!dial) throw unavailable(`no SSH key "${agent}" forwarded from the client`);
  undo.use(await relaySocket(folder, "agent", dial, { mode: 0o600, uid: 0, gid: 0 }));
  return { ...env, SSH_AUTH_SOCK: join(folder, "agent") };
}
