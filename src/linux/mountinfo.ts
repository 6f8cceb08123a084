import { readFileSync } from "node:fs";

/** One line of /proc/<pid>/mountinfo; see proc_pid_mountinfo(5). */
export interface MountEntry {
  /** Directory of the filesystem that is shown. */
  root: string;
  target: string;
  type: string;
  source: string;
  /** Options of the filesystem itself. */
  options: string[];
}

/** What is mounted in this process's namespace, in the order of mounting (proc_pid_mountinfo(5)). */
export function readMounts(): MountEntry[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map(parseMount);
}

function parseMount(line: string): MountEntry {
  const [front = "", back = ""] = line.split(" - ");
  const [, , , root = "", target = ""] = front.split(" ");
  const [type = "", source = "", options = ""] = back.split(" ");
  return {
    root: unescape(root),
    target: unescape(target),
    type,
    source: unescape(source),
    options: options.split(",").map(unescape),
  };
}

/** Blanks and the like are written as `\040`. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
