import type { Duplex } from "../../lib/http/duplex.ts";
import type { Address } from "../endpoint.ts";

/**
 * Speaks to a remote engine through `ssh … docker system dial-stdio`, so that ssh's own configuration, agent and
 * known hosts apply. A remote `berth` serves the same command; which of the two is there is asked in one go.
 */
export async function dialSsh(address: Extract<Address, { kind: "ssh" }>): Promise<Duplex> {
  const argv = sshArguments(address);
  const child = Bun.spawn(argv, { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  const reader = child.stdout.getReader();
  let closed = false;
  return {
    async read() {
      const { value, done } = await reader.read();
      if (!done) return value;
      if (!closed && (await child.exited) !== 0) {
        const said = (await child.stderr.text()).trim();
        throw new Error(
          `command [${argv.join(" ")}] has exited with exit status ${child.exitCode}, make sure the URL is ` +
            `valid, and a container engine is installed on the remote host: stderr=${said}`,
        );
      }
      return null;
    },
    async write(data) {
      child.stdin.write(data);
      await child.stdin.flush();
    },
    end() {
      void child.stdin.end();
    },
    close() {
      closed = true;
      child.kill();
    },
  };
}

/** The command line of the ssh client for an address. */
export function sshArguments({ user, hostname, port, socket }: Extract<Address, { kind: "ssh" }>): string[] {
  const target = hostname.replace(/^\[|\]$/g, "");
  const dial = (program: string) => `${program}${socket === "" ? "" : ` --host unix://${socket}`} system dial-stdio`;
  return [
    "ssh",
    ...(user === "" ? [] : ["-l", user]),
    ...(port === "" ? [] : ["-p", port]),
    "-o",
    "ConnectTimeout=30",
    "-T",
    "--",
    target,
    `if command -v docker >/dev/null 2>&1; then exec ${dial("docker")}; else exec ${dial("berth")}; fi`,
  ];
}
