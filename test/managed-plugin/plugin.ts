import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Daemon, sh } from "../harness.ts";

/** What a plugin's `config.json` has beside the usual. */
export type Config = Record<string, unknown>;

/** The folder of a plugin, as `docker plugin create` takes it: `config.json` and `rootfs/`. Disposing removes it. */
export class PluginFolder implements Disposable {
  readonly path = mkdtempSync("/tmp/berth-plugin-");

  /** Copies programs of this machine with the libraries that they need. */
  async install(...programs: string[]): Promise<void> {
    for (const program of programs) {
      const { stdout } = await sh(["ldd", program]);
      for (const file of [program, ...(stdout.match(/\/\S+/g) ?? []).filter((word) => !word.startsWith("("))]) {
        const target = join(this.root, file);
        mkdirSync(dirname(target), { recursive: true });
        cpSync(file, target, { dereference: true });
      }
    }
  }

  get root(): string {
    return join(this.path, "rootfs");
  }

  configure(config: Config): void {
    writeFileSync(join(this.path, "config.json"), JSON.stringify(config));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The folder of a program of the tests' own, in a root of perl and busybox. */
async function perlPlugin(program: string): Promise<PluginFolder> {
  const folder = new PluginFolder();
  await folder.install("/usr/bin/perl", "/bin/busybox");
  const { stdout } = await sh(["perl", "-e", "print grep { m{/perl-base$} } @INC"]);
  // Half of it is for names of characters.
  cpSync(stdout, join(folder.root, stdout), { recursive: true, filter: (path) => !path.includes("/unicore") });
  await sh(["ln", "-s", "busybox", join(folder.root, "bin/rm")]);
  writeFileSync(join(folder.root, "plugin.pl"), readFileSync(join(import.meta.dir, program)));
  return folder;
}

/** A log driver of the tests' own (log-plugin.pl). `READS`: whether it says that it can read. */
export async function logPlugin(): Promise<PluginFolder> {
  const folder = await perlPlugin("log-plugin.pl");
  folder.configure({
    Description: "logs of the tests",
    Entrypoint: ["/usr/bin/perl", "/plugin.pl"],
    Interface: { Types: ["docker.logdriver/1.0"], Socket: "logs.sock" },
    Env: [{ Name: "READS", Settable: ["value"], Value: "true" }],
  });
  return folder;
}

/** A volume driver of the tests' own (plugin.pl). */
export async function volumePlugin(config: Config = {}): Promise<PluginFolder> {
  const folder = await perlPlugin("plugin.pl");
  mkdirSync(join(folder.root, "data"), { recursive: true });
  folder.configure({
    Description: "volumes of the tests",
    Entrypoint: ["/usr/bin/perl", "/plugin.pl"],
    Interface: { Types: ["docker.volumedriver/1.0"], Socket: "volumes.sock" },
    PropagatedMount: "/data",
    Env: [
      { Name: "SOCKET", Value: "volumes.sock" },
      { Name: "NAME", Settable: ["value"], Value: "nobody" },
      { Name: "DIES", Settable: ["value"], Value: "" },
    ],
    Args: { Name: "args", Settable: ["value"], Value: ["one"] },
    ...config,
  });
  return folder;
}

/** Asks a plugin that runs, at its socket. */
export async function ask(daemon: Daemon, id: string, call: string): Promise<string> {
  const unix = join(daemon.execRoot, "managed/sockets", id.slice(0, 12), "volumes.sock");
  return (await fetch(`http://plugin/${call}`, { unix, method: "POST", body: "{}" })).json() as Promise<string>;
}

/** Everything that an engine knows of a plugin. */
export async function inspect(daemon: Daemon, name: string) {
  const { status, json } = await daemon.api("GET", `/plugins/${name}/json`);
  if (status !== 200) throw new Error(`no plugin ${name}: ${json?.message}`);
  return json;
}
