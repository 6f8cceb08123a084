import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort, sh, until } from "../harness.ts";

/** An ssh server on loopback with a git repository behind it, which one key opens, and an agent that has the key. */
export interface SshServer extends AsyncDisposable {
  /** Of the repository. */
  url: string;
  /** The server as `known_hosts` has it. */
  knownHosts: string;
  /** Path of the agent's socket. */
  agent: string;
}

/** Starts one. The repository has a file `hello`. */
export async function sshServer(): Promise<SshServer> {
  const root = mkdtempSync("/tmp/berth-sshd-");
  const port = freePort();
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rmSync(root, { recursive: true, force: true }));
  const key = async (name: string) => {
    await must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", join(root, name)]);
    return readFileSync(join(root, `${name}.pub`), "utf8").trim();
  };
  const [host, user] = [await key("host"), await key("user")];
  // The server trusts no key below a folder that others may write to, as /tmp is.
  const authorized = join(root, "authorized");
  writeFileSync(authorized, `${user}\n`, { mode: 0o600 });
  writeFileSync(
    join(root, "sshd_config"),
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${join(root, "host")}`,
      `AuthorizedKeysFile ${authorized}`,
      "StrictModes no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "UsePAM no",
      `PidFile ${join(root, "pid")}`,
    ].join("\n"),
  );
  const work = join(root, "work");
  mkdirSync(work);
  chmodSync(root, 0o755);
  const git = (...args: string[]) =>
    must(["git", "-C", work, "-c", "user.name=x", "-c", "user.email=x@x", "-c", "init.defaultBranch=main", ...args]);
  await git("init", "-q");
  writeFileSync(join(work, "hello"), "over ssh\n");
  await git("add", ".");
  await git("commit", "-q", "-m", "one");
  await git("clone", "-q", "--bare", work, join(root, "repo"));
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const server = Bun.spawn(["/usr/sbin/sshd", "-D", "-e", "-f", join(root, "sshd_config")], {
    stdout: "ignore",
    stderr: Bun.file(join(root, "log")),
  });
  undo.defer(async () => {
    server.kill();
    await server.exited;
  });
  const agent = join(root, "agent");
  const holder = Bun.spawn(["ssh-agent", "-D", "-a", agent], { stdout: "ignore", stderr: "ignore" });
  undo.defer(async () => {
    holder.kill();
    await holder.exited;
  });
  await until("the agent", async () => {
    return (await sh(["ssh-add", "-q", join(root, "user")], { env: { SSH_AUTH_SOCK: agent } })).exitCode === 0;
  });
  await until("the server", () => answers(port));
  const owned = undo.move();
  return {
    url: `ssh://root@127.0.0.1:${port}${join(root, "repo")}`,
    knownHosts: `[127.0.0.1]:${port} ${host}`,
    agent,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}

async function must(argv: string[]): Promise<void> {
  const { exitCode, stderr } = await sh(argv);
  if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
}
