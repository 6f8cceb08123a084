import { readFileSync } from "node:fs";
import { internal } from "../../lib/errors.ts";

/** Throws Docker's complaint where a source cannot propagate mounts as `shared` and `slave` ask. */
export function checkPropagation(
  source: string,
  propagation: string,
  mountinfo: () => string = () => readFileSync("/proc/self/mountinfo", "utf8"),
): void {
  const shared = propagation === "shared" || propagation === "rshared";
  const slave = propagation === "slave" || propagation === "rslave";
  if (!shared && !slave) return;
  const mount = mountOf(source, mountinfo());
  const isShared = /\bshared:/.test(mount.optional);
  if (isShared || (slave && /\bmaster:/.test(mount.optional))) return;
  throw internal(
    `path ${source} is mounted on ${mount.target} but it is not a shared${slave ? " or slave" : ""} mount`,
  );
}

/** The mount that a path lies on: the longest mount point that is a piece of it; the last of equals is on top. */
function mountOf(path: string, mountinfo: string): { target: string; optional: string } {
  let best = { target: "/", optional: "" };
  for (const line of mountinfo.split("\n")) {
    const [before = ""] = line.split(" - ");
    const fields = before.split(" ");
    const target = (fields[4] ?? "").replace(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(parseInt(octal, 8)),
    );
    if (!target || (path !== target && !path.startsWith(target === "/" ? "/" : `${target}/`))) continue;
    if (target.length >= best.target.length) best = { target, optional: fields.slice(6).join(" ") };
  }
  return best;
}
