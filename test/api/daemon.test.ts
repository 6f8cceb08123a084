import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cstr, libc, ptr } from "../../src/linux/syscall.ts";
import { berthBinary, Daemon, dockerClients, engine, sh, until } from "../harness.ts";

const describeBerth = describe.skipIf(engine === "dockerd");

/** Runs `berth daemon` where it is expected to end by itself. */
const berthDaemon = (...args: string[]) => sh([berthBinary, "daemon", ...args]);

/** The arguments of a daemon beside `daemon`, on the same data root. */
const rival = (daemon: Daemon, dataRoot = daemon.dataRoot) => [
  "--host",
  `unix://${daemon.root}/rival.sock`,
  "--data-root",
  dataRoot,
  "--exec-root",
  `${daemon.root}/rival-exec`,
  "--pidfile",
  `${daemon.root}/rival.pid`,
  "--config-file",
  `${daemon.root}/none.json`,
  "--bridge",
  "none",
];

describeBerth("a daemon", () => {
  test("owns its data root, pid file and socket", async () => {
    await using daemon = await Daemon.start({ images: [] });
    expect(readFileSync(join(daemon.root, "berth.pid"), "utf8")).toBe(String(daemon.pid));
    expect(statSync(daemon.socket).mode & 0o777).toBe(0o660);

    const second = await berthDaemon(...rival(daemon));
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toContain(`another daemon uses the data root ${daemon.dataRoot}`);

    const sameSocket = await berthDaemon(...rival(daemon, `${daemon.root}/other`).with(1, daemon.host));
    expect(sameSocket.exitCode).toBe(1);
    expect(sameSocket.stderr).toContain("another daemon listens on it");
    expect((await daemon.api("GET", "/_ping")).text).toBe("OK");

    await daemon.signal("SIGTERM");
    expect(existsSync(daemon.socket)).toBe(false);
    expect(existsSync(join(daemon.root, "berth.pid"))).toBe(false);
    expect(daemon.log()).toContain("Daemon shutdown complete");
    await daemon.up();
  });

  test("is the same engine after a restart, and after a crash", async () => {
    await using daemon = await Daemon.start({ images: [] });
    const id = async () => (await daemon.api("GET", "/info")).json.ID as string;
    const first = await id();
    await daemon.restart();
    expect(await id()).toBe(first);
    await daemon.kill();
    await daemon.up();
    expect(await id()).toBe(first);
  });

  test("idles small", async () => {
    await using daemon = await Daemon.start({ images: [] });
    const pss = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${daemon.pid}/smaps_rollup`, "utf8"))?.[1]) / 1024;
    expect(pss).toBeLessThan(60);
  });

  test("leaves its containers running unless told otherwise", async () => {
    await using daemon = await Daemon.start({ args: ["--shutdown-timeout", "1"] });
    const id = await daemon.ok("run", "-d", "busybox", "sleep", "1000");
    const pid = async () => (await daemon.api("GET", `/containers/${id}/json`)).json.State.Pid as number;
    const before = await pid();
    const table = async () => (await sh(["nft", "list", "table", "inet", `berth_${daemon.instance}`])).exitCode === 0;
    await daemon.signal("SIGTERM");
    expect(existsSync(`/proc/${before}`)).toBe(true);
    // The firewall stays as long as somebody is behind it.
    expect(await table()).toBe(true);
    await daemon.up(["--shutdown-containers"]);
    expect(await pid()).toBe(before);
    await daemon.signal("SIGTERM");
    expect(existsSync(`/proc/${before}`)).toBe(false);
    expect(await table()).toBe(false);
    await daemon.up();
    expect((await daemon.api("GET", `/containers/${id}/json`)).json.State).toMatchObject({
      Status: "exited",
      Running: false,
    });
  });
});

describeBerth("configuration", () => {
  test("a flag and the file must not speak of the same", async () => {
    const directory = mkdtempSync(join(tmpdir(), "berth-config-"));
    const file = join(directory, "daemon.json");
    writeFileSync(file, '{"debug": true, "labels": ["a=b"]}');
    const result = await berthDaemon("--config-file", file, "--label", "c=d");
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toBe(
      `unable to configure the Berth daemon with file ${file}: the following directives are specified both as ` +
        "a flag and in the configuration file: labels: (from flag: [c=d], from file: [a=b])\n",
    );
    expect((await berthDaemon("--config-file", file, "--validate")).stdout).toBe("configuration OK\n");
    writeFileSync(file, '{"nonsense": 1}');
    expect((await berthDaemon("--config-file", file, "--validate")).stderr).toContain(
      "the following directives don't match any configuration option: nonsense",
    );
    rmSync(directory, { recursive: true });
  });
  test("help, version, mistakes", async () => {
    expect((await berthDaemon("--help")).stdout).toContain("--data-root string");
    expect((await berthDaemon("--version")).stdout).toMatch(/^Berth version \d+\.\d+\.\d+\n$/);
    expect(await berthDaemon("--nonsense")).toMatchObject({
      exitCode: 125,
      stderr: "unknown flag: --nonsense\nSee 'berth daemon --help'.\n",
    });
  });
  test("SIGHUP takes up what can change, and says so", async () => {
    await using daemon = await Daemon.start({ images: [] });
    const info = async () => (await daemon.api("GET", "/info")).json;
    const file = join(daemon.root, "daemon.json");
    writeFileSync(
      file,
      JSON.stringify({
        labels: ["new=label"],
        debug: true,
        "insecure-registries": ["registry.example:5000"],
        runtimes: { mine: { path: "/usr/bin/crun" } },
        "default-runtime": "mine",
      }),
    );
    await daemon.signal("SIGHUP");
    await until("the new labels", async () => (await info()).Labels.includes("new=label"));
    expect(await info()).toMatchObject({
      Debug: true,
      DefaultRuntime: "mine",
      Runtimes: { mine: { path: "/usr/bin/crun" } },
      RegistryConfig: { IndexConfigs: { "registry.example:5000": { Secure: false } } },
    });
    const told = await until(
      "the event",
      async () =>
        (await daemon.api("GET", `/events?since=1&until=${(Date.now() / 1000).toFixed(3)}&filters={"type":["daemon"]}`))
          .text,
    );
    expect(JSON.parse(told)).toMatchObject({
      Type: "daemon",
      Action: "reload",
      Actor: { Attributes: { labels: '["new=label"]', debug: "true", "default-runtime": "mine" } },
    });

    writeFileSync(file, "{");
    await daemon.signal("SIGHUP");
    await until("the complaint", () => daemon.log().includes("cannot reload the configuration"));
    expect((await info()).Labels).toEqual(["new=label"]);
    rmSync(file);
    await daemon.signal("SIGHUP");
    await until("the labels to go", async () => (await info()).Labels.length === 0);
  });
});

describeBerth("listeners", () => {
  test("TCP without TLS is refused unless it is asked for", async () => {
    await using daemon = await Daemon.start({ images: [] });
    const refused = await berthDaemon(...rival(daemon, `${daemon.root}/other`), "--host", "tcp://127.0.0.1:0");
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("refusing to serve the API without TLS");
    await daemon.restart(["--host", "tcp://127.0.0.1:0", "--tls=false"]);
    const address = /address=tcp:\/\/(\S+)/.exec(daemon.log())?.[1];
    expect(await (await fetch(`http://${address}/_ping`)).text()).toBe("OK");
    expect(daemon.log()).toContain("the API is served without TLS");
  });

  test("TLS both ways, and streams over it", async () => {
    const directory = mkdtempSync(join(tmpdir(), "berth-tls-"));
    const openssl = async (...args: string[]) => expect((await sh(["openssl", ...args])).exitCode).toBe(0);
    const at = (name: string) => join(directory, name);
    await openssl(
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      at("ca-key.pem"),
      "-out",
      at("ca.pem"),
      "-days",
      "2",
      "-subj",
      "/CN=ca",
    );
    for (const name of ["server", "client"]) {
      await openssl(
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        at(`${name}-key.pem`),
        "-out",
        at(`${name}.csr`),
        "-subj",
        `/CN=${name}`,
        "-addext",
        "subjectAltName=IP:127.0.0.1",
      );
      await openssl(
        "x509",
        "-req",
        "-in",
        at(`${name}.csr`),
        "-CA",
        at("ca.pem"),
        "-CAkey",
        at("ca-key.pem"),
        "-CAcreateserial",
        "-out",
        at(`${name}.pem`),
        "-days",
        "2",
        "-copy_extensions",
        "copy",
      );
    }
    await using daemon = await Daemon.start({
      args: [
        "--host",
        "tcp://127.0.0.1:0",
        "--tlsverify",
        "--tlscacert",
        at("ca.pem"),
        "--tlscert",
        at("server.pem"),
        "--tlskey",
        at("server-key.pem"),
      ],
    });
    const address = /address=(tcp:\/\/\S+)/.exec(daemon.log())?.[1] ?? "";
    const docker = (...args: string[]) => [
      dockerClients[0] ?? "docker",
      "--host",
      address,
      "--tlsverify",
      "--tlscacert",
      at("ca.pem"),
      "--tlscert",
      at("client.pem"),
      "--tlskey",
      at("client-key.pem"),
      ...args,
    ];
    expect(
      await sh(docker("run", "--rm", "-i", "busybox", "sh", "-c", "cat; exit 3"), { input: "through TLS\n" }),
    ).toMatchObject({ exitCode: 3, stdout: "through TLS\n" });
    // To the last byte, each time: the client has ended its half long before.
    for (let round = 0; round < 10; round++)
      expect(
        (await sh(docker("run", "--rm", "busybox", "dd", "if=/dev/zero", "bs=1M", "count=20"))).stdout.length,
      ).toBe(20 * 1024 * 1024);
    // Nobody without a certificate, nobody in plain text.
    const url = address.replace("tcp:", "https:");
    expect((await fetch(`${url}/_ping`, { tls: { rejectUnauthorized: false } })).status).toBe(403);
    expect((await fetch(`${address.replace("tcp:", "http:")}/_ping`)).status).toBe(400);
    rmSync(directory, { recursive: true });
  });

  test("a socket that is passed in, and word to the service manager", async () => {
    const directory = mkdtempSync(join(tmpdir(), "berth-fd-"));
    const path = join(directory, "passed.sock");
    const [AF_UNIX, SOCK_STREAM] = [1, 1];
    const fd = libc.socket(AF_UNIX, SOCK_STREAM, 0);
    const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), cstr(path)]);
    expect(libc.bind(fd, ptr(address), address.length)).toBe(0);
    expect(libc.listen(fd, 16)).toBe(0);
    const listener = Bun.spawn(["socat", "-u", `UNIX-RECV:${directory}/notify`, "-"], {
      stdout: "pipe",
      stderr: "inherit",
    });
    await until("the manager's socket", () => existsSync(join(directory, "notify")));
    const args = [
      "--host",
      "fd://",
      // The same socket by its path is no second one.
      "--host",
      `unix://${path}`,
      "--data-root",
      join(directory, "data"),
      "--exec-root",
      join(directory, "exec"),
      "--pidfile",
      join(directory, "pid"),
      "--config-file",
      join(directory, "none"),
      "--bridge",
      "none",
    ];
    const child = Bun.spawn(
      [
        "sh",
        "-c",
        `LISTEN_PID=$$ LISTEN_FDS=1 NOTIFY_SOCKET=${directory}/notify exec ${berthBinary} daemon ${args.join(" ")}`,
      ],
      { stdio: ["ignore", "inherit", Bun.file(join(directory, "log")), fd] },
    );
    const reader = listener.stdout.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("READY=1");
    expect(await (await fetch("http://d/_ping", { unix: path })).text()).toBe("OK");
    child.kill("SIGTERM");
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("STOPPING=1");
    expect(await child.exited).toBe(0);
    // The socket is the manager's: it stays.
    expect(existsSync(path)).toBe(true);
    listener.kill();
    await listener.exited;
    libc.close(fd);
    rmSync(directory, { recursive: true });
  });

  test("several daemons live side by side", async () => {
    await using one = await Daemon.start();
    await using two = await Daemon.start();
    await one.ok("run", "-d", "--name", "same", "busybox", "sleep", "1000");
    await two.ok("run", "-d", "--name", "same", "busybox", "sleep", "1000");
    expect(await one.ok("ps", "-q")).not.toBe(await two.ok("ps", "-q"));
    await one.ok("rm", "-f", "same");
    expect(await two.ok("exec", "same", "echo", "still here")).toBe("still here");
  });
});

describeBerth("doctor", () => {
  test("tells what the host offers", async () => {
    const { exitCode, stdout } = await sh([berthBinary, "doctor"]);
    expect(exitCode).toBe(0);
    for (const group of ["kernel", "cgroups", "privileges", "programs", "network", "storage"])
      expect(stdout).toContain(`\n${group}\n`.replace(/^\nkernel/, "kernel"));
    const checks: { name: string; state: string; advice?: string }[] = JSON.parse(
      (await sh([berthBinary, "doctor", "--json"])).stdout,
    );
    expect(checks.find((check) => check.name === "conmon")?.state).toBe("ok");
    for (const check of checks) expect(check.state === "ok" || Boolean(check.advice)).toBe(true);
  });
});
