import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../../src/lib/ids.ts";
import { buildExecProcess, type ExecProcessRequest } from "../../src/runtime/bundle/exec-process.ts";
import { taskDir } from "../../src/runtime/deps.ts";
import { execTask } from "../../src/runtime/exec.ts";
import { killTask, taskPids } from "../../src/runtime/kill.ts";
import { pauseTask, resumeTask } from "../../src/runtime/pause.ts";
import { resizeExec } from "../../src/runtime/resize.ts";
import { RuntimeError } from "../../src/runtime/runtime-errors.ts";
import { startTask } from "../../src/runtime/start.ts";
import type { ExecTaskRequest } from "../../src/runtime/types.ts";
import { until } from "../harness.ts";
import { collect, RuntimeHost } from "./host.ts";

for (const runtime of ["crun", "runc"]) {
  describe(runtime, () => {
    /** A host with a container that sleeps, and a way to run things in it. */
    async function sleeping(host: RuntimeHost, hostConfig = {}) {
      const config = { Cmd: ["sleep", "300"], Env: ["FROM=container"], User: "www" };
      const id = await host.start(config, hostConfig);
      await startTask(host.deps, id);
      const container = (await host.spec(id, config, hostConfig)).process;
      const exec = async (
        args: string[],
        process: Partial<ExecProcessRequest> = {},
        more: Partial<ExecTaskRequest> = {},
      ) => {
        const execId = newId();
        const started = await execTask(host.deps, {
          containerId: id,
          execId,
          tty: process.tty ?? false,
          stdin: false,
          attach: true,
          ...more,
          process: buildExecProcess({
            container,
            rootfs: host.rootfs,
            args,
            containerEnv: config.Env,
            env: [],
            hostname: "box",
            user: config.User,
            groupAdd: [],
            workdir: "",
            tty: false,
            privileged: false,
            available: host.facts.capabilities,
            ...process,
          }),
        });
        return { execId, ...started };
      };
      const output = async (args: string[], process: Partial<ExecProcessRequest> = {}) => {
        const { io, execId } = await exec(args, process);
        const read = io ? await collect(io) : { stdout: "", stderr: "" };
        return { ...read, code: (await host.exit(execId)).exitCode };
      };
      return { id, exec, output };
    }

    test("output, exit code, user, environment, directory", async () => {
      await using host = new RuntimeHost(runtime);
      const { output } = await sleeping(host);
      expect(await output(["sh", "-c", "echo out; echo err >&2; exit 7"])).toEqual({
        stdout: "out\n",
        stderr: "err\n",
        code: 7,
      });
      expect(
        (await output(["sh", "-c", "id -u; id -G; pwd; echo $FROM $OWN $HOME"], { env: ["OWN=exec"], workdir: "/tmp" }))
          .stdout,
      ).toBe("33\n33 50\n/tmp\ncontainer exec /var/www\n");
      expect(
        (await output(["sh", "-c", "id -u; echo $HOME; grep CapEff /proc/self/status | cut -f2"], { user: "root" }))
          .stdout,
      ).toBe("0\n/root\n00000000a80425fb\n");
      expect((await output(["sh", "-c", "grep -E 'CapEff|Seccomp:' /proc/self/status | cut -f2"])).stdout).toBe(
        "0000000000000000\n2\n",
      );
      expect((await output(["sh", "-c", "kill -9 $$"])).code).toBe(137);
    });

    test("privileged", async () => {
      await using host = new RuntimeHost(runtime);
      const { output } = await sleeping(host);
      const { stdout } = await output(["sh", "-c", "grep CapEff /proc/self/status | cut -f2"], {
        user: "0",
        privileged: true,
      });
      expect(BigInt(`0x${stdout.trim()}`) > 0xa80425fbn).toBe(true);
    });

    test("input to its end, much output", async () => {
      await using host = new RuntimeHost(runtime);
      const { exec } = await sleeping(host);
      const { io, execId } = await exec(["sh", "-c", "cat; echo end >&2"], {}, { stdin: true });
      if (!io) throw new Error("not attached");
      const output = collect(io);
      const sent = "x".repeat(3_000_000);
      await io.write(Buffer.from(sent));
      io.closeStdin();
      expect(await output).toEqual({ stdout: sent, stderr: "end\n" });
      expect((await host.exit(execId)).exitCode).toBe(0);
    });

    test("a terminal, its size and its resizing", async () => {
      await using host = new RuntimeHost(runtime);
      const { id, exec } = await sleeping(host);
      const { io, execId } = await exec(["sh"], { tty: true, consoleSize: [12, 34] }, { stdin: true });
      if (!io) throw new Error("not attached");
      let text = "";
      const reading = (async () => {
        for await (const { data } of io.frames) text += Buffer.from(data).toString();
      })();
      await until("the size", async () => {
        await io.write(Buffer.from("stty size\n"));
        return text.includes("12 34\r\n");
      });
      await resizeExec(host.deps, id, execId, 56, 78);
      await until("the new size", async () => {
        await io.write(Buffer.from("stty size\n"));
        return text.includes("78 56\r\n");
      });
      await io.write(Buffer.from("exit 4\n"));
      await reading;
      expect((await host.exit(execId)).exitCode).toBe(4);
    });

    test("detached, with nobody to read", async () => {
      await using host = new RuntimeHost(runtime);
      const { id, exec } = await sleeping(host);
      const { pid, io, execId } = await exec(["sh", "-c", "seq 1 100000; exit 5"], {}, { attach: false });
      expect(io).toBeNull();
      expect(pid).toBeGreaterThan(1);
      expect((await host.exit(execId)).exitCode).toBe(5);
      await until("the files to be gone", () => readdirSync(join(taskDir(host.deps, id), "execs")).length === 0);
      expect(taskPids(host.deps, id)).toHaveLength(1);
    });

    test.each([
      [
        ["nosuch"],
        127,
        'OCI runtime exec failed: exec failed: unable to start container process: exec: "nosuch": executable ' +
          "file not found in $PATH",
      ],
      [["/etc"], 126, 'exec: "/etc": permission denied'],
    ] as const)("%p cannot be run", async (args, exitCode, message) => {
      await using host = new RuntimeHost(runtime);
      const { id, exec } = await sleeping(host);
      for (const attach of [true, false]) {
        const error = await exec([...args], { user: "root" }, { attach }).catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(RuntimeError);
        expect(error).toMatchObject({ exitCode, message: expect.stringContaining(message) });
      }
      expect(readdirSync(join(taskDir(host.deps, id), "execs"))).toEqual([]);
    });

    test("an unknown user, a directory that is none", async () => {
      await using host = new RuntimeHost(runtime);
      const { exec } = await sleeping(host);
      await expect(exec(["true"], { user: "nosuch" })).rejects.toThrow(
        "unable to find user nosuch: no matching entries in passwd file",
      );
      await expect(exec(["true"], { workdir: "/etc/passwd" })).rejects.toThrow("OCI runtime exec failed");
    });

    test("ends with its container", async () => {
      await using host = new RuntimeHost(runtime);
      const { id, exec } = await sleeping(host);
      const { execId, io } = await exec(["sleep", "300"]);
      await killTask(host.deps, id, 9);
      await host.exit(id);
      expect((await host.exit(execId)).exitCode).toBe(137);
      expect(io && (await collect(io)).stdout).toBe("");
      await expect(exec(["true"])).rejects.toThrow("is not running");
    });

    test("many at once", async () => {
      await using host = new RuntimeHost(runtime);
      const { id, output } = await sleeping(host);
      const results = await Promise.all(
        Array.from({ length: 15 }, (_, index) => output(["sh", "-c", `echo ${index}; exit ${index}`])),
      );
      expect(results).toEqual(results.map((_, index) => ({ stdout: `${index}\n`, stderr: "", code: index })));
      expect(existsSync(join(taskDir(host.deps, id), "task.json"))).toBe(true);
      await pauseTask(host.deps, id);
      await resumeTask(host.deps, id);
    });
  });
}

test("a compiled seccomp filter that is used again filters the same", async () => {
  await using host = new RuntimeHost("crun");
  const script =
    "grep Seccomp: /proc/self/status | cut -f2; unshare -U true 2>&1 | head -1; mkdir /tmp/x && rmdir /tmp/x " +
    "&& echo made";
  const results = [];
  for (let round = 0; round < 3; round++) results.push((await host.run(["sh", "-c", script])).stdout);
  expect(results[0]).toContain("2\n");
  expect(results[0]).toContain("Operation not permitted");
  expect(results[0]).toContain("made");
  expect(results).toEqual([results[0], results[0], results[0]].map(String));
  expect(readdirSync(join(host.root, "exec/seccomp"))).toHaveLength(1);
  const more = await host.run(["sh", "-c", "unshare -U true && echo allowed"], {}, { CapAdd: ["SYS_ADMIN"] });
  expect(more.stdout).toBe("allowed\n");
  expect(readdirSync(join(host.root, "exec/seccomp"))).toHaveLength(2);
});
