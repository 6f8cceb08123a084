import { readFileSync } from "node:fs";
import { hardLimits } from "../../linux/rlimit.ts";
import { type Check, verdict } from "./check.ts";

const group = "privileges";

/** Bits of capabilities(7) that the engine needs, and what for. */
const needed: [bit: number, name: string, use: string, vital: boolean][] = [
  [0, "CAP_CHOWN", "files of images keep their owners", true],
  [6, "CAP_SETGID", "containers run as other groups", true],
  [7, "CAP_SETUID", "containers run as other users", true],
  [12, "CAP_NET_ADMIN", "networks", true],
  [18, "CAP_SYS_CHROOT", "containers have roots of their own", true],
  [21, "CAP_SYS_ADMIN", "mounts and namespaces", true],
  [27, "CAP_MKNOD", "devices in containers and images", false],
  [24, "CAP_SYS_RESOURCE", "limits above the daemon's own (--ulimit), and a lower OOM score", false],
];

/** Who the engine is and what it may do. */
export function checkPrivileges(): Check[] {
  const uid = process.getuid?.() ?? -1;
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"}`);
  const lacking = needed.filter(([bit]) => ((mask >> BigInt(bit)) & 1n) === 0n);
  const checks = [
    verdict(group, "user", uid === 0, uid === 0 ? "root" : `uid ${uid}`, {
      state: "missing",
      advice: "Run the daemon as root, and this command too: it tells what whoever runs it can do.",
    }),
  ];
  if (lacking.length === 0) checks.push({ group, name: "capabilities", state: "ok", found: "all that are needed" });
  for (const [, name, use, vital] of lacking) {
    checks.push({
      group,
      name,
      state: vital ? "missing" : "lack",
      found: "withheld",
      advice:
        `Needed so that: ${use}. Grant it to the daemon (in a container: --cap-add ${name.slice(4)} or ` +
        "--privileged).",
    });
  }
  const files = hardLimits()["NOFILE"] ?? Infinity;
  checks.push(
    verdict(group, "open files", files >= 65_536, files === Infinity ? "unlimited" : String(files), {
      state: "lack",
      advice:
        "Each running container takes a few descriptors. Raise the daemon's limit: `ulimit -Hn 1048576`, or " +
        "LimitNOFILE= in its service.",
    }),
  );
  return checks;
}
