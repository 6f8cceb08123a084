import { checkCgroups } from "./checks/cgroups.ts";
import type { Check } from "./checks/check.ts";
import { checkKernel } from "./checks/kernel.ts";
import { checkNetwork } from "./checks/network.ts";
import { checkPrivileges } from "./checks/privileges.ts";
import { checkPrograms } from "./checks/programs.ts";
import { checkStorage } from "./checks/storage.ts";

/** The help text. */
export const usage = `
Usage:  berth doctor [OPTIONS]

Tell what this host offers to containers, and what to do about what it lacks

Options:
      --data-root string   Where the daemon would keep its data (default "/var/lib/berth")
      --help               Print usage
      --json               Print the findings as JSON
`;

/** `berth doctor`. Needs no daemon. Exit code 0: containers can run; 1: something vital is missing; 125: usage. */
export async function main(argv: readonly string[]): Promise<number> {
  let dataRoot = "/var/lib/berth";
  let json = false;
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    if (word === "--json") json = true;
    else if (word === "--data-root" && argv[i + 1]) dataRoot = argv[++i] ?? dataRoot;
    else if (word.startsWith("--data-root=")) dataRoot = word.slice("--data-root=".length);
    else {
      const help = word === "--help" || word === "-h";
      process[help ? "stdout" : "stderr"].write(help ? usage : `unknown flag: ${word}\nSee 'berth doctor --help'.\n`);
      return help ? 0 : 125;
    }
  }
  const checks = await examine(dataRoot);
  process.stdout.write(json ? `${JSON.stringify(checks, null, 2)}\n` : report(checks));
  return checks.some((check) => check.state === "missing") ? 1 : 0;
}

/** Everything there is to know, in the order of the report. */
export async function examine(dataRoot: string): Promise<Check[]> {
  // First: its try at a mount makes the kernel load overlayfs.
  const storage = checkStorage(dataRoot);
  const [programs, network] = await Promise.all([checkPrograms(), checkNetwork()]);
  return [...checkKernel(), ...checkCgroups(), ...checkPrivileges(), ...programs, ...network, ...storage];
}

/** For people: a line a check, the advice below what is lacking. */
export function report(checks: readonly Check[]): string {
  const marks = { ok: "ok  ", lack: "lack", missing: "MISS" };
  const width = Math.max(...checks.map(({ name }) => name.length));
  let out = "";
  let group = "";
  for (const check of checks) {
    if (check.group !== group) out += `${out && "\n"}${check.group}\n`;
    group = check.group;
    out += `  ${marks[check.state]}  ${check.name.padEnd(width)}  ${check.found}\n`;
    if (check.advice) out += `        → ${check.advice}\n`;
  }
  const count = (state: Check["state"]) => checks.filter((check) => check.state === state).length;
  const lacks = count("lack");
  const missing = count("missing");
  if (missing > 0)
    return (
      `${out}\nContainers cannot run here: ${missing} vital ${missing === 1 ? "thing is" : "things are"} ` +
      "missing.\n"
    );
  return (
    `${out}\nContainers can run ` +
    `here${lacks > 0 ? `; ${lacks} ${lacks === 1 ? "thing is" : "things are"} lacking` : ""}.\n`
  );
}
