/**
 * The unmodified docker command line drives the engine, and so does our own. Every test here was tried on dockerd too.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { berthBinary, Daemon, dockerClients, sh, until } from "../harness.ts";

let daemon: Daemon;
const scratch = mkdtempSync("/tmp/berth-cli-");

beforeAll(async () => {
  daemon = await Daemon.start({ images: ["busybox", "debian"] });
});
afterAll(async () => {
  rmSync(scratch, { recursive: true, force: true });
  await daemon?.[Symbol.asyncDispose]();
});

describe.each([...dockerClients, berthBinary])("%s", (client) => {
  const version = client === berthBinary ? "own" : client.includes("local") ? "new" : "old";
  const docker = (...args: string[]) => sh([client, ...args], { env: { DOCKER_HOST: daemon.host } });
  const ok = async (...args: string[]): Promise<string> => {
    const result = await docker(...args);
    if (result.exitCode !== 0)
      throw new Error(
        `docker ${args.join(" ")}: exit ${result.exitCode}: ${result.stderr}${result.stdout}\n${daemon.log()}`,
      );
    return result.stdout.trim();
  };
  const name = (what: string) => `${what}-${version}`;

  test("version, info and ps answer", async () => {
    expect(await ok("version", "--format", "{{.Server.Os}}")).toBe("linux");
    expect(await ok("info", "--format", "{{.OSType}}")).toBe("linux");
    expect(await ok("ps")).toContain("CONTAINER ID");
  });

  test("run --rm prints, and passes the exit code on", async () => {
    expect(await ok("run", "--rm", "busybox", "echo", "hello")).toBe("hello");
    expect((await docker("run", "--rm", "busybox", "sh", "-c", "exit 42")).exitCode).toBe(42);
    const both = await docker("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2");
    expect([both.stdout, both.stderr]).toEqual(["out\n", "err\n"]);
  });

  test("what cannot be run has Docker's exit codes", async () => {
    const missing = await docker("run", "--rm", "busybox", "no-such-program");
    expect(missing.exitCode).toBe(127);
    expect(missing.stderr).toContain("executable file not found");
    expect((await docker("run", "--rm", "busybox", "/etc")).exitCode).toBe(126);
    const image = await docker("run", "--rm", "--pull", "never", "no-such-image-x", "true");
    expect(image.exitCode).toBe(125);
    expect(image.stderr).toContain("No such image: no-such-image-x:latest");
    expect((await docker("run", "--rm", "--memory", "1k", "busybox")).exitCode).toBe(125);
  });

  test("run -i feeds standard input to its end", async () => {
    const input = `${"x".repeat(300_000)}\nlast\n`;
    const result = await sh([client, "run", "--rm", "-i", "busybox", "sh", "-c", "wc -c; echo done"], {
      env: { DOCKER_HOST: daemon.host },
      input,
    });
    expect(result.stdout.split(/\s+/).filter(Boolean)).toEqual([String(input.length), "done"]);
  });

  test("run -it is a terminal with the client's size, and sees it change", async () => {
    let screen = "";
    const terminal = Bun.spawn([client, "run", "--rm", "-it", "--name", name("tty"), "busybox", "sh"], {
      env: { ...process.env, DOCKER_HOST: daemon.host, TERM: "xterm" },
      terminal: {
        cols: 91,
        rows: 27,
        data: (_terminal, data) => {
          screen += data.toString();
        },
      },
    });
    await until("a prompt", () => screen.includes("#"));
    await until("the size", () => {
      terminal.terminal?.write("stty size\n");
      return Bun.sleep(100).then(() => screen.includes("27 91"));
    });
    terminal.terminal?.resize(100, 40);
    await until("the new size", () => {
      terminal.terminal?.write("stty size\n");
      return Bun.sleep(100).then(() => screen.includes("40 100"));
    });
    terminal.terminal?.write("exit 7\n");
    expect(await terminal.exited).toBe(7);
  });

  test("run -d, logs, exec, top, stop, rm", async () => {
    const id = await ok(
      "run",
      "-d",
      "--name",
      name("web"),
      "busybox",
      "sh",
      "-c",
      "echo started; trap 'echo bye; exit 3' TERM; while :; do sleep 0.1; done",
    );
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    await until("the first line", async () => (await ok("logs", name("web"))) === "started");
    expect(await ok("exec", name("web"), "cat", "/proc/1/comm")).toBe("sh");
    expect((await docker("exec", name("web"), "sh", "-c", "exit 9")).exitCode).toBe(9);
    expect(
      await ok("exec", "-e", "A=b", "-w", "/tmp", "-u", "33:33", name("web"), "sh", "-c", "echo $A $(pwd) $(id -u)"),
    ).toBe("b /tmp 33");
    expect(
      (await sh([client, "exec", "-i", name("web"), "cat"], { env: { DOCKER_HOST: daemon.host }, input: "through" }))
        .stdout,
    ).toBe("through");
    expect(await ok("top", name("web"))).toContain("trap");
    expect(await ok("stop", name("web"))).toBe(name("web"));
    expect(await ok("wait", name("web"))).toBe("3");
    expect(await ok("logs", "--tail", "1", name("web"))).toBe("bye");
    expect(await ok("ps", "-a", "--filter", `name=${name("web")}`, "--format", "{{.Status}}")).toMatch(/^Exited \(3\)/);
    await ok("rm", name("web"));
    expect((await docker("inspect", name("web"))).exitCode).toBe(1);
  });

  test("logs -f follows to the end", async () => {
    await ok(
      "run",
      "-d",
      "--name",
      name("follow"),
      "busybox",
      "sh",
      "-c",
      "for i in 1 2 3 4 5; do echo $i; sleep 0.1; done",
    );
    expect((await ok("logs", "-f", name("follow"))).split("\n")).toEqual(["1", "2", "3", "4", "5"]);
    expect(await ok("logs", "-t", "-n", "1", name("follow"))).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z 5$/);
    await ok("rm", name("follow"));
  });

  test("cp in, out, and through a pipe", async () => {
    await ok("create", "--name", name("copy"), "busybox");
    writeFileSync(join(scratch, "in.txt"), "content");
    await ok("cp", join(scratch, "in.txt"), `${name("copy")}:/root/there.txt`);
    await ok("cp", `${name("copy")}:/root/there.txt`, join(scratch, `out-${version}.txt`));
    expect(readFileSync(join(scratch, `out-${version}.txt`), "utf8")).toBe("content");
    const listing = await sh(["sh", "-c", `${client} cp ${name("copy")}:/etc - | tar -t`], {
      env: { DOCKER_HOST: daemon.host },
    });
    expect(listing.stdout.split("\n")).toContain("etc/passwd");
    expect((await docker("cp", `${name("copy")}:/nope`, scratch)).stderr).toMatch(
      /Could not find the file \/nope in container|No such container:path/,
    );
    expect((await docker("diff", name("copy"))).stdout).toContain("A /root/there.txt");
    await ok("rm", name("copy"));
  });

  test("commit, tag, history, save, load, rmi", async () => {
    await ok("run", "--name", name("commit"), "busybox", "sh", "-c", "echo kept > /kept");
    await ok("commit", "-m", "why", "-a", "me", "-c", "CMD cat /kept", name("commit"), `made-${version}:1`);
    await ok("rm", name("commit"));
    expect(await ok("run", "--rm", `made-${version}:1`)).toBe("kept");
    expect(await ok("inspect", "-f", "{{.Comment}} {{.Author}}", `made-${version}:1`)).toBe("why me");
    expect((await ok("history", "-q", `made-${version}:1`)).split("\n").length).toBe(2);
    await ok("tag", `made-${version}:1`, `other-${version}`);
    await ok("save", "-o", join(scratch, `${version}.tar`), `made-${version}:1`, `other-${version}`);
    await ok("rmi", `made-${version}:1`, `other-${version}`);
    expect((await docker("image", "inspect", `made-${version}:1`)).exitCode).toBe(1);
    expect(await ok("load", "-i", join(scratch, `${version}.tar`))).toContain(`made-${version}:1`);
    expect(await ok("run", "--rm", `other-${version}`)).toBe("kept");
    await ok("rmi", `made-${version}:1`, `other-${version}`);
  });

  test("an image in use is not removed", async () => {
    await ok("tag", "busybox", `used-${version}`);
    await ok("create", "--name", name("user"), `used-${version}`);
    const refused = await docker("rmi", await ok("inspect", "-f", "{{.Id}}", "busybox"));
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("conflict: unable to delete");
    await ok("rm", name("user"));
    await ok("rmi", `used-${version}`);
  });

  test("update, stats, pause and unpause, rename, restart", async () => {
    await ok("run", "-d", "--name", name("limits"), "-m", "64m", "busybox", "sleep", "1000");
    await ok("update", "--memory", "96m", "--memory-swap", "96m", "--cpus", "0.5", name("limits"));
    expect(await ok("inspect", "-f", "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}", name("limits"))).toBe(
      "100663296 500000000",
    );
    expect(await ok("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", name("limits"))).toContain(
      "/ 96MiB",
    );
    await ok("pause", name("limits"));
    expect(await ok("inspect", "-f", "{{.State.Status}}", name("limits"))).toBe("paused");
    await ok("unpause", name("limits"));
    await ok("rename", name("limits"), name("renamed"));
    await ok("restart", "-t", "0", name("renamed"));
    expect(await ok("inspect", "-f", "{{.State.Status}}", name("renamed"))).toBe("running");
    await ok("kill", name("renamed"));
    expect(await ok("wait", name("renamed"))).toBe("137");
    await ok("rm", name("renamed"));
  });

  test("events tell the story of a container", async () => {
    const since = String(Math.floor(Date.now() / 1000) - 1);
    await ok("run", "--rm", "--name", name("events"), "busybox", "true");
    const events = await until("the last event", async () => {
      const seen = await ok(
        "events",
        "--since",
        since,
        "--until",
        String(Math.ceil(Date.now() / 1000)),
        "--filter",
        `container=${name("events")}`,
        "--format",
        "{{.Action}}",
      );
      return seen.includes("destroy") && seen.split("\n");
    });
    expect(events).toEqual(["create", "attach", "start", "die", "destroy"]);
  });

  test("a published port answers on the machine", async () => {
    await ok(
      "run",
      "-d",
      "--name",
      name("port"),
      "-p",
      "127.0.0.1::80",
      "busybox",
      "sh",
      "-c",
      "echo page > /var/www/index.html; exec httpd -f -p 80 -h /var/www",
    );
    const address = await ok("port", name("port"), "80/tcp");
    expect(
      await until("the page", () =>
        fetch(`http://${address}/index.html`).then(
          (r) => r.text(),
          () => "",
        ),
      ),
    ).toBe("page\n");
    await ok("rm", "-f", name("port"));
  });

  test("volumes outlive their containers and are shared", async () => {
    await ok("run", "--rm", "-v", `${name("vol")}:/data`, "busybox", "sh", "-c", "echo one > /data/f");
    expect(
      await ok("run", "--rm", "--mount", `type=volume,src=${name("vol")},dst=/d,readonly`, "busybox", "cat", "/d/f"),
    ).toBe("one");
    expect((await docker("run", "--rm", "-v", `${name("vol")}:/d:ro`, "busybox", "touch", "/d/x")).exitCode).toBe(1);
    expect(await ok("volume", "ls", "-q")).toContain(name("vol"));
    await ok("volume", "rm", name("vol"));
    expect(await ok("run", "--rm", "-v", `${scratch}:/host:ro`, "busybox", "ls", "/host")).toContain("in.txt");
    expect((await docker("run", "--rm", "--mount", "type=bind,src=/no/such/place,dst=/x", "busybox")).stderr).toContain(
      "bind source path does not exist: /no/such/place",
    );
  });

  test("security defaults hold", async () => {
    const status = await ok("run", "--rm", "busybox", "cat", "/proc/self/status");
    expect(status).toMatch(/CapEff:\s+00000000a80425fb/);
    expect(status).toMatch(/Seccomp:\s+2/);
    expect((await docker("run", "--rm", "busybox", "mount", "-t", "tmpfs", "x", "/mnt")).exitCode).not.toBe(0);
    expect((await docker("run", "--rm", "--read-only", "busybox", "touch", "/x")).exitCode).toBe(1);
    expect(
      await ok(
        "run",
        "--rm",
        "--cap-drop",
        "ALL",
        "--cap-add",
        "NET_RAW",
        "busybox",
        "grep",
        "CapEff",
        "/proc/self/status",
      ),
    ).toMatch(/0000000000002000/);
    expect(await ok("run", "--rm", "--user", "www-data", "busybox", "id")).toStartWith(
      "uid=33(www-data) gid=33(www-data) groups=29(audio)",
    );
    expect(await ok("run", "--rm", "--init", "busybox", "cat", "/proc/1/comm")).toMatch(/docker-init|tini/);
  });

  test("two containers meet through container: and by address", async () => {
    await ok(
      "run",
      "-d",
      "--name",
      name("peer"),
      "busybox",
      "sh",
      "-c",
      "echo hi > /var/www/x; exec httpd -f -p 8080 -h /var/www",
    );
    const address = await ok("inspect", "-f", "{{.NetworkSettings.Networks.bridge.IPAddress}}", name("peer"));
    await until(
      "the server",
      async () => (await docker("exec", name("peer"), "wget", "-qO-", "http://127.0.0.1:8080/x")).stdout === "hi\n",
    );
    expect(
      await ok(
        "run",
        "--rm",
        "--network",
        `container:${name("peer")}`,
        "busybox",
        "wget",
        "-qO-",
        "http://127.0.0.1:8080/x",
      ),
    ).toBe("hi");
    expect(await ok("run", "--rm", "busybox", "wget", "-qO-", `http://${address}:8080/x`)).toBe("hi");
    expect(await ok("run", "--rm", "--network", "none", "busybox", "ip", "-o", "link")).not.toContain("eth0");
    await ok("rm", "-f", name("peer"));
  });

  test("health becomes known", async () => {
    await ok(
      "run",
      "-d",
      "--name",
      name("health"),
      "--health-cmd",
      "test -e /tmp/well",
      "--health-interval",
      "200ms",
      "--health-retries",
      "2",
      "busybox",
      "sleep",
      "1000",
    );
    await until(
      "unhealthy",
      async () => (await ok("inspect", "-f", "{{.State.Health.Status}}", name("health"))) === "unhealthy",
    );
    await ok("exec", name("health"), "touch", "/tmp/well");
    await until(
      "healthy",
      async () => (await ok("inspect", "-f", "{{.State.Health.Status}}", name("health"))) === "healthy",
    );
    await ok("rm", "-f", name("health"));
  });

  test("prune removes what ended", async () => {
    await ok("run", "--name", name("ended"), "--label", `prune=${version}`, "busybox", "true");
    expect(await ok("container", "prune", "-f", "--filter", `label=prune=${version}`)).toContain("Deleted Containers");
    expect((await docker("inspect", name("ended"))).exitCode).toBe(1);
  });

  test("detach keys leave the container running; attach comes back", async () => {
    let screen = "";
    const run = Bun.spawn([client, "run", "-it", "--name", name("detach"), "busybox", "sh"], {
      env: { ...process.env, DOCKER_HOST: daemon.host, TERM: "xterm" },
      terminal: {
        cols: 80,
        rows: 24,
        data: (_terminal, data) => {
          screen += data.toString();
        },
      },
    });
    await until("a prompt", () => screen.includes("#"));
    run.terminal?.write("\x10\x11");
    expect(await run.exited).toBe(0);
    expect(await ok("inspect", "-f", "{{.State.Running}}", name("detach"))).toBe("true");
    screen = "";
    const attach = Bun.spawn([client, "attach", name("detach")], {
      env: { ...process.env, DOCKER_HOST: daemon.host, TERM: "xterm" },
      terminal: {
        cols: 80,
        rows: 24,
        data: (_terminal, data) => {
          screen += data.toString();
        },
      },
    });
    await until("an echo", () => {
      attach.terminal?.write("echo a''b\n");
      return Bun.sleep(100).then(() => screen.includes("ab"));
    });
    attach.terminal?.write("exit 5\n");
    expect(await attach.exited).toBe(5);
    await ok("rm", name("detach"));
  });
});
