import { updateContainer } from "../../../client/containers.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { parseBytes, parseSwapBytes } from "../../flags/bytes.ts";
import { bytes, custom, int, string, uint } from "../../flags/kinds.ts";
import { parseNanoCpus } from "../../flags/number.ts";
import { parseRestartPolicy } from "./options/limits.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  args: minArgs(1),
  flags: {
    "blkio-weight": uint("Weight of block IO, 10 to 1000, or 0 for none", { bits: 16, type: "uint16", shown: "0" }),
    "cpu-period": int("Period of the CPU quota, in microseconds"),
    "cpu-quota": int("CPU time in each period, in microseconds"),
    "cpu-rt-period": int("Period of real-time scheduling, in microseconds", { minApi: "1.25" }),
    "cpu-rt-runtime": int("Real-time share of each period, in microseconds", { minApi: "1.25" }),
    "cpu-shares": int("Weight of CPU time", { short: "c" }),
    cpus: custom("decimal", "Number of CPUs", parseNanoCpus, { minApi: "1.29" }),
    "cpuset-cpus": string("CPUs to run on (0-3, 0,1)"),
    "cpuset-mems": string("Memory nodes to use (0-3, 0,1)"),
    "kernel-memory": custom("bytes", "Kernel memory limit (no longer in effect)", parseBytes, { hidden: true, deprecated: "and no longer supported by the kernel" }),
    memory: bytes("Memory limit", { short: "m" }),
    "memory-reservation": bytes("Memory that stays reserved when memory is short"),
    "memory-swap": custom("bytes", "Limit of memory and swap together; -1 for no limit", parseSwapBytes),
    "pids-limit": int("Limit of processes (-1 for none)", { minApi: "1.40" }),
    restart: string("When to restart the container after it exits"),
  },
  async run(ctx, names, flags) {
    if (ctx.changed.size === 0) throw new CliError("you must provide one or more flags when using this command");
    const body = {
      BlkioWeight: flags["blkio-weight"],
      CpusetCpus: flags["cpuset-cpus"],
      CpusetMems: flags["cpuset-mems"],
      CpuShares: flags["cpu-shares"],
      Memory: flags.memory,
      MemoryReservation: flags["memory-reservation"],
      MemorySwap: flags["memory-swap"] ?? 0,
      CpuPeriod: flags["cpu-period"],
      CpuQuota: flags["cpu-quota"],
      CpuRealtimePeriod: flags["cpu-rt-period"],
      CpuRealtimeRuntime: flags["cpu-rt-runtime"],
      NanoCpus: flags.cpus ?? 0,
      PidsLimit: flags["pids-limit"] || null,
      RestartPolicy: flags.restart === "" ? { Name: "", MaximumRetryCount: 0 } : parseRestartPolicy(flags.restart),
    };
    const client = await ctx.client();
    const warnings: string[] = [];
    const errors: string[] = [];
    for (const name of names) {
      try {
        const { Warnings } = await updateContainer(client, name, body);
        ctx.out.write(`${name}\n`);
        warnings.push(...(Warnings ?? []));
      } catch (error) {
        errors.push(error instanceof Error ? error.message : String(error));
      }
    }
    if (warnings.length > 0) ctx.out.write(`${warnings.join("\n")}\n`);
    if (errors.length > 0) throw new CliError(errors.join("\n"));
  },
});
