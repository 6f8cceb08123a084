import type { ContainerTopResponse } from "../../api/types/container.ts";
import { internal, invalid } from "../../lib/errors.ts";
import { run } from "../../lib/run.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { findContainer, requireTask } from "../lookup.ts";

/** The container's processes as the host's ps(1) shows them. */
export async function topContainer(deps: ContainerDeps, ref: string, psArgs = "-ef"): Promise<ContainerTopResponse> {
  const args = psArgs || "-ef";
  refuseRenamedPid(args);
  const c = findContainer(deps, ref);
  requireTask(c);
  const pids = deps.runtime.pids(c.id);
  const words = args.split(" ");
  // Some options (such as f) do not go with -q: then all processes are asked for and sifted here.
  let result = await run(["ps", ...words, `-q${pids.join(",")}`]);
  if (result.exitCode !== 0) result = await run(["ps", ...words]);
  if (result.exitCode !== 0) throw internal(`ps: ${result.stderr.split("\n")[0] || `exit status ${result.exitCode}`}`);
  const top = parsePs(result.stdout, new Set(pids));
  publish(deps, c, "top");
  return top;
}

/** `-o x=PID` would put another column under the name that rows are told by. */
function refuseRenamedPid(args: string): void {
  for (const match of args.matchAll(/\s+(\S*)=\s*(PID\S*)/g)) {
    if (match[1] !== "pid") throw invalid(`specifying "${match[1]}=${match[2]}" is not allowed`);
  }
}

/** Rows of `pids`; the last column takes what is left of a line. A thread (PID `-`) belongs to the process above it. */
export function parsePs(output: string, pids: ReadonlySet<number>): ContainerTopResponse {
  const [header = "", ...lines] = output.split("\n");
  const Titles = fields(header);
  const pidColumn = Titles.indexOf("PID");
  if (pidColumn < 0) throw internal("Couldn't find PID field in ps output");
  const Processes: string[][] = [];
  let within = false;
  for (const line of lines) {
    if (line === "") continue;
    const row = fields(line);
    const pid = row[pidColumn];
    if (pid !== "-") {
      if (!/^\d+$/.test(pid ?? "")) throw internal(`Unexpected pid '${pid}'`);
      within = pids.has(Number(pid));
    }
    if (within) Processes.push([...row.slice(0, Titles.length - 1), row.slice(Titles.length - 1).join(" ")]);
  }
  return { Titles, Processes };
}

function fields(line: string): string[] {
  return line.split(/[\t\n\f\r ]+/).filter((field) => field !== "");
}
