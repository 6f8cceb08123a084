import { existsSync } from "node:fs";
import { run } from "../../lib/run.ts";
import { findProgram } from "../runtimes.ts";
import { type Check, verdict } from "./check.ts";

const group = "programs";

/** The programs that the engine drives. */
export async function checkPrograms(): Promise<Check[]> {
  const [crun, runc, conmon, nft, ip, etcd] = await Promise.all([
    version("crun"),
    version("runc"),
    version("conmon"),
    version("nft"),
    version("ip", "-V"),
    version("etcd"),
  ]);
  const init = findProgram("tini-static", "docker-init", "tini", "catatonit");
  const runtime = crun || runc;
  const protocols = existsSync("/etc/protocols");
  return [
    verdict(group, "crun", crun !== null, crun ?? "not installed", {
      state: runtime ? "lack" : "missing",
      advice: "Install it (`apt install crun`): it starts containers three times as fast as runc.",
    }),
    verdict(group, "runc", runc !== null, runc ?? "not installed", {
      state: runtime ? "lack" : "missing",
      advice: "Install it (`apt install runc`) to have a runtime where crun cannot work.",
    }),
    verdict(group, "conmon", conmon !== null, conmon ?? "not installed", {
      state: "missing",
      advice: "Install it (`apt install conmon`): it watches each container.",
    }),
    verdict(group, "nft", nft !== null, nft ?? "not installed", {
      state: "missing",
      advice: "Install it (`apt install nftables`): it publishes ports and lets containers out.",
    }),
    verdict(group, "protocols", protocols, protocols ? "/etc/protocols" : "not installed", {
      state: "missing",
      advice: "Install it (`apt install netbase`): nft knows protocols by their names.",
    }),
    verdict(group, "ip", ip !== null, ip ?? "not installed", {
      state: "lack",
      advice: "Install it (`apt install iproute2`); only tests and people use it.",
    }),
    verdict(group, "init", init !== null, init ?? "not installed", {
      state: "lack",
      advice: "Install it (`apt install tini`): `--init` needs it.",
    }),
    verdict(group, "etcd", etcd !== null, etcd ?? "not installed", {
      state: "lack",
      advice: "Install it (`apt install etcd-server`): managers of a swarm keep its state in it.",
    }),
  ];
}

async function version(name: string, flag = "--version"): Promise<string | null> {
  const path = findProgram(name);
  if (!path) return null;
  const { exitCode, stdout, stderr } = await run([path, flag]);
  return exitCode === 0 ? `${(stdout || stderr).split("\n")[0]?.trim()} (${path})` : null;
}
