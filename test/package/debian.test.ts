/**
 * The Debian packages on a Debian with systemd: installed, upgraded beside containers that run on, refused,
 * interrupted, removed, purged. One machine lives through all of it, in this order.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { until } from "../harness.ts";
import { watchApi } from "./api-watch.ts";
import { makePackages, makeStandIn, nextVersion } from "./packages.ts";
import { Server } from "./server.ts";

const next = `${manifest.version}.1`;
let server: Server;

beforeAll(async () => {
  server = await Server.boot();
  await makePackages(join(server.shared, "now"), { only: "berth" });
  await makePackages(join(server.shared, "next"), { tree: nextVersion(join(server.shared, "tree"), next) });
}, 600_000);

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

const install = (...names: string[]) => server.run(`dpkg -i ${names.map((name) => `/shared/${name}_*.deb`).join(" ")}`);
const socket = () => server.path("/run/berth/berth.sock");
const versionOf = (name: string) => server.ok(`dpkg-query -W -f '\${Version} \${db:Status-Status}' ${name}`);

/** The container that counts: its process and how far it has come. */
async function counter(): Promise<{ pid: number; count: number }> {
  const [pid, line] = await Promise.all([
    server.ok("cat /run/berth/containers/*/pid | head -n 1"),
    server.ok("tail -n 1 /srv/count"),
  ]);
  return { pid: Number(pid), count: Number(line.split(" ")[0]) };
}

/** It is the process that it was, and goes on counting. */
async function mustHaveCounted({ pid, count }: { pid: number; count: number }): Promise<void> {
  await until("the container to count on", async () => (await counter()).count > count + 2);
  expect((await counter()).pid).toBe(pid);
}

test("apt installs it, and the engine answers", async () => {
  const began = performance.now();
  const { exitCode, stderr } = await server.run("apt-get install --yes --quiet /shared/now/berth_*.deb");
  expect({ exitCode, stderr: stderr.replaceAll(/^(debconf|Created|Creating).*\n/gm, "") }).toMatchObject({
    exitCode: 0,
  });
  expect(await (await fetch("http://d/_ping", { unix: socket() })).text()).toBe("OK");
  console.log(`from apt's start to the first answer: ${Math.round(performance.now() - began)} ms`);
  expect(await server.ok("systemctl is-active berth.service berth.socket")).toBe("active\nactive");
  expect(await server.ok("systemctl is-enabled berth.service berth.socket")).toBe("enabled\nenabled");
  expect(await server.ok("stat -c '%a %U %G' /run/berth/berth.sock")).toBe("660 root berth");
  expect(await server.ok("berth version --format '{{.Server.Platform.Name}}'")).toContain(manifest.version);
  // Which leaves documents out, as this Debian is told to.
  expect((await server.ok("dpkg --verify berth")).replaceAll(/^missing +\/usr\/share\/doc\/berth.*\n?/gm, "")).toBe("");
  expect(await server.ok("berth daemon --validate")).toBe("configuration OK");
  const pages = ["man1/berth.1.gz", "man1/berth-run.1.gz", "man8/berth-daemon.8.gz", "man8/berth-doctor.8.gz"];
  await server.ok(`cd /usr/share/man && zcat ${pages.join(" ")} >/dev/null`);
});

test("a container runs, and a Compose project", async () => {
  await server.ok(`berth import -c 'CMD ["sh"]' /root/busybox.tar busybox`);
  expect(await server.ok("berth run --rm busybox echo hello")).toBe("hello");
  server.write(
    "/srv/project/compose.yaml",
    `services:
  web:
    image: busybox
    command: sh -c "echo served >/tmp/page && httpd -f -p 80 -h /tmp"
    init: true
  client:
    image: busybox
    depends_on: [web]
    command: sh -c "until wget -qO- http://web/page; do sleep 0.1; done"
`,
  );
  await server.ok("cd /srv/project && berth compose up --quiet-pull --detach");
  expect(await server.ok("berth wait project-client-1 && berth logs project-client-1")).toBe("0\nserved");
  await server.ok("cd /srv/project && berth compose down --timeout 1");
  expect(await server.ok("berth ps -aq")).toBe("");
});

test("an upgrade: the container counts on, whoever calls is answered", async () => {
  await server.ok(
    "touch /srv/count && berth run -d --name counter --restart always -v /srv/count:/count --stop-timeout 1 busybox " +
      `sh -c 'i=0; while :; do i=$((i+1)); echo "$i $(cut -d " " -f 1 /proc/uptime)" >>/count; sleep 0.05; done'`,
  );
  await until("the container to count", async () => Number(await server.ok("wc -l </srv/count")) > 2);
  const before = await counter();
  const daemon = await server.ok("systemctl show --property MainPID --value berth");
  const api = watchApi(socket());
  const { exitCode, stderr } = await install("next/berth");
  const { calls, failures, longest } = await api.end();
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  await mustHaveCounted(before);
  expect(await server.ok("systemctl show --property MainPID --value berth")).not.toBe(daemon);
  expect(await server.ok("berth version --format '{{.Server.Platform.Name}}'")).toContain(next);
  console.log(
    `upgrade: ${calls} calls, the slowest ${Math.round(longest)} ms; the counter's longest pause ${pause()} s`,
  );
  expect(failures).toEqual([]);
  expect(calls).toBeGreaterThan(10);
  expect(longest).toBeLessThan(5000);
});

/** Seconds between the two lines of the counter that lie furthest apart; it has left no number out. */
function pause(): number {
  const rows = readFileSync(server.path("/srv/count"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ").map(Number));
  expect(rows.map(([count]) => count)).toEqual(rows.map((_, at) => at + 1));
  const times = rows.map(([, time = 0]) => time);
  return Math.max(...times.slice(1).map((time, at) => Math.round((time - (times[at] ?? 0)) * 100) / 100));
}

test("a downgrade to a version that does not know the data is refused in words, and taken back", async () => {
  const before = await counter();
  const { exitCode, stderr } = await install("now/berth");
  expect(exitCode).toBe(0);
  expect(stderr).toContain("Berth is installed, but does not run.");
  expect(stderr).toContain(
    "/var/lib/berth/berth.db was written by a newer version of Berth (it has the migration 9999-next",
  );
  await mustHaveCounted(before);
  expect((await install("next/berth")).exitCode).toBe(0);
  expect(await server.ok("berth ps --format '{{.Names}} {{.State}}'")).toBe("counter running");
  await mustHaveCounted(before);
});

test("a disk that is full at an upgrade: dpkg fails, the old version stays and runs", async () => {
  const before = await counter();
  await server.ok("fallocate --length $(($(stat -f -c '%a * %S' /) - 40 * 1024 * 1024)) /filler");
  const { exitCode, stderr } = await install("next/berth");
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain("No space left on device");
  expect(await versionOf("berth")).toBe(`${next} installed`);
  expect(await server.ok("berth ps --format '{{.Names}}'")).toBe("counter");
  await mustHaveCounted(before);
  await server.ok("rm /filler");
});

test("an installation that was cut off goes on where it was", async () => {
  const before = await counter();
  const cutOff = async () => {
    await server.ok(
      "rm -f /run/ended; (dpkg -i /shared/next/berth_*.deb >/dev/null 2>&1; : >/run/ended) & " +
        "while [ ! -e /run/ended ] && [ ! -e /usr/bin/berth.dpkg-new ]; do sleep 0.005; done; " +
        "pkill -KILL -x dpkg; wait",
    );
    return !(await versionOf("berth")).includes(" installed");
  };
  await until("an installation to be cut off before it ends", cutOff);
  expect(await server.ok("berth ps --format '{{.Names}}'")).toBe("counter");
  await server.ok("dpkg --unpack /shared/next/berth_*.deb");
  expect(await versionOf("berth")).toBe(`${next} unpacked`);
  await server.ok("dpkg --configure -a");
  expect(await versionOf("berth")).toBe(`${next} installed`);
  expect(await server.ok("berth ps --format '{{.Names}}'")).toBe("counter");
  await mustHaveCounted(before);
});

test("a broken drop-in of the unit is told of, and no container notices", async () => {
  const before = await counter();
  server.write(
    "/etc/systemd/system/berth.service.d/override.conf",
    "[Service]\nExecStart=\nExecStart=/usr/bin/berth daemon --nonsense\n",
  );
  const { exitCode, stderr } = await install("next/berth");
  expect(exitCode).toBe(0);
  expect(stderr).toContain("unknown flag: --nonsense");
  await mustHaveCounted(before);
  await server.ok("rm -r /etc/systemd/system/berth.service.d && systemctl daemon-reload && systemctl restart berth");
  expect(await server.ok("berth ps --format '{{.Names}}'")).toBe("counter");
});

test("where another engine has Docker's socket, that is said; once it is gone, `docker` is Berth", async () => {
  const before = await counter();
  await server.ok(
    "systemd-run --quiet --unit other berth daemon -H unix:///run/docker.sock --data-root /var/lib/berth/other " +
      "--exec-root /run/other --pidfile /run/other.pid --bridge none --config-file /none",
  );
  await until("the other engine", () => existsSync(server.path("/run/docker.sock")));
  const { exitCode, stderr } = await install("next/berth-docker");
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/another engine \(process \d+, berth\) listens on \/run\/docker\.sock: stop it first/);
  expect(await server.ok("berth ps --format '{{.Names}}'")).toBe("counter");

  await server.ok("systemctl stop other && systemctl reset-failed && systemctl restart berth");
  expect(await server.ok("DOCKER_HOST=unix:///var/run/docker.sock docker ps --format '{{.Names}}'")).toBe("counter");
  expect(await server.ok("stat -c '%a %U %G' /run/docker.sock")).toBe("660 root docker");
  expect((await server.run("docker nonsense")).stderr).toContain("docker: unknown command: docker nonsense");
  await mustHaveCounted(before);
  await server.ok("dpkg --purge berth-docker");
  expect(await server.ok("berth ps --format '{{.Names}}'")).toBe("counter");
  await mustHaveCounted(before);
});

test("apt takes Docker's own package away for berth-docker", async () => {
  const before = await counter();
  await makeStandIn(join(server.shared, "docker.io.deb"), "docker.io");
  await server.ok("dpkg -i /shared/docker.io.deb");
  expect((await install("next/berth-docker")).stderr).toContain("conflicting packages - not installing berth-docker");
  await server.ok("apt-get install --yes --quiet /shared/next/berth-docker_*.deb");
  expect((await server.run("dpkg-query -W -f '${db:Status-Status}' docker.io")).stdout).not.toBe("installed");
  expect(await server.ok("docker ps --format '{{.Names}}'")).toBe("counter");
  expect(await server.ok("DOCKER_HOST=unix:///var/run/docker.sock docker ps --format '{{.Names}}'")).toBe("counter");
  await server.ok("dpkg --purge berth-docker");
  await mustHaveCounted(before);
});

test("the registry is a package and a service of its own", async () => {
  expect((await install("next/berth-registry")).exitCode).toBe(0);
  await until(
    "the registry",
    async () => (await server.run("systemctl is-active berth-registry")).stdout === "active\n",
  );
  expect(await server.ok("ps -o user= -p $(systemctl show -p MainPID --value berth-registry)")).toStartWith("berth-r");
  await server.ok("berth tag busybox localhost:5000/busybox");
  await until("a push", async () => (await server.run("berth push -q localhost:5000/busybox")).exitCode === 0);
  await server.ok("dpkg --remove berth-registry");
  const { stderr } = await server.run("dpkg --purge berth-registry");
  expect(stderr).toContain("The images are kept in /var/lib/berth-registry");
});

test("a removal ends the containers, and an installation after it brings them back", async () => {
  const { pid } = await counter();
  await server.ok("dpkg --remove berth");
  expect(existsSync(server.path(`/proc/${pid}`))).toBe(false);
  expect(await server.ok("systemctl is-enabled berth.service berth.socket || :")).toBe("masked\nmasked");
  expect(await server.ok("ls /var/lib/berth")).toContain("berth.db");
  expect(await server.ok("ip -br link | cut -d ' ' -f 1; nft list tables")).toBe("lo");
  expect((await install("next/berth")).exitCode).toBe(0);
  await until("the container to be back", async () => (await server.run("berth ps -q")).stdout !== "");
});

test("a purge keeps the data unless it is told otherwise", async () => {
  const { stderr } = await server.run("dpkg --purge berth");
  expect(stderr).toContain("Images, containers and volumes are kept in /var/lib/berth; to remove them too:");
  expect(await server.ok("ls /var/lib/berth")).toContain("berth.db");
  expect((await install("next/berth")).exitCode).toBe(0);
  await server.ok("echo berth berth/remove-data boolean true | debconf-set-selections");
  await server.ok("dpkg --purge berth");
  // The folder itself is a mount on this machine.
  expect(await server.ok("ls -A /var/lib/berth /etc/berth /run/berth 2>/dev/null || :")).toBe("/var/lib/berth:");
});

test("where policy-rc.d says so, nothing is started", async () => {
  await server.ok("printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d");
  expect((await install("next/berth")).exitCode).toBe(0);
  expect((await server.run("systemctl is-active berth.service berth.socket")).stdout).toBe("inactive\ninactive\n");
});

test("a machine that goes down asks its containers to end, as each of them wishes", async () => {
  await server.ok("rm /usr/sbin/policy-rc.d && systemctl start berth");
  await server.ok("berth import /root/busybox.tar busybox");
  // The end of the machine itself sends SIGTERM to all that is left.
  await server.ok(
    "berth run -d --stop-signal USR1 -v /shared:/shared busybox sh -c " +
      `'trap "echo asked >/shared/said; exit" USR1; trap : TERM; touch /shared/waits; while :; do sleep 0.1; done'`,
  );
  await until("the container to wait", () => existsSync(join(server.shared, "waits")));
  await server.powerOff();
  expect(readFileSync(join(server.shared, "said"), "utf8")).toBe("asked\n");
});
