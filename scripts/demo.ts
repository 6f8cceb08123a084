/**
 * The main job, on real input: a daemon of its own, images made from Debian packages, a web server with a published
 * port, a Debian container, exec, logs, stats, an application built from a Dockerfile and run, stop, remove. Prints
 * each command with its time; leaves nothing.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { rootfsTar } from "./images.ts";

const berth = resolve(import.meta.dir, "../bin/berth");
const root = mkdtempSync("/tmp/berth-demo-");
const host = `unix://${root}/berth.sock`;
const bold =
  process.stdout.isTTY && !process.env.NO_COLOR ? (text: string) => `\x1b[1m${text}\x1b[0m` : (text: string) => text;

console.log("Making root file systems from Debian packages (the first time takes a while) …");
const busybox = await rootfsTar("busybox");
const debian = await rootfsTar("debian");

console.log("Starting a daemon of its own …");
writeFileSync(`${root}/daemon.json`, "{}");
const daemon = Bun.spawn(
  [
    berth,
    "daemon",
    "--host",
    host,
    "--data-root",
    `${root}/data`,
    "--exec-root",
    `${root}/exec`,
    "--pidfile",
    `${root}/pid`,
    "--config-file",
    `${root}/daemon.json`,
    "--bridge",
    "berthdemo0",
    "--bip",
    "10.213.77.1/24",
    "--log-level",
    "warn",
  ],
  { stdin: "ignore", stdout: "inherit", stderr: "inherit" },
);

/** Runs a command line as a person would type it, shows it and what it says; failure ends the demo. */
async function show(...args: string[]): Promise<string> {
  const started = performance.now();
  const child = Bun.spawn([berth, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, DOCKER_HOST: host },
  });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const time = performance.now() - started;
  const line = args.map((word) => (/[\s;&|$"<>]/.test(word) ? `'${word}'` : word)).join(" ");
  console.log(`\n${bold(`$ berth ${line}`)}   (${time.toFixed(0)} ms)`);
  const output = (stdout + stderr).split("\n").filter((each) => each.trim() !== "");
  if (output.length > 0) console.log(output.slice(0, 20).join("\n"));
  if (exitCode !== 0) throw new Error(`berth ${line}: exit ${exitCode}`);
  return stdout.trim();
}

const began = performance.now();
try {
  for (
    let tries = 0;
    (await fetch("http://berth/_ping", { unix: `${root}/berth.sock` }).then(
      (r) => r.ok,
      () => false,
    )) === false;
    tries++
  ) {
    if (tries > 500 || daemon.exitCode !== null) throw new Error("the daemon did not come up");
    await Bun.sleep(20);
  }
  await show("version", "--format", "{{.Server.Version}} (API {{.Server.APIVersion}})");
  await show("import", "-c", 'CMD ["sh"]', busybox, "busybox");
  await show("import", "-c", 'CMD ["bash"]', debian, "debian");
  await show("images");

  writeFileSync(join(root, "index.html"), "<h1>Hello from a container</h1>\n");
  await show(
    "run",
    "-d",
    "--name",
    "web",
    "-p",
    "127.0.0.1:18080:80",
    "-v",
    `${root}/index.html:/var/www/index.html:ro`,
    "busybox",
    "httpd",
    "-f",
    "-v",
    "-p",
    "80",
    "-h",
    "/var/www",
  );
  const page = await fetchPage("http://127.0.0.1:18080/index.html");
  console.log(`\n${bold("GET http://127.0.0.1:18080/index.html")}\n${page.trim()}`);
  await show("ps");
  await show("exec", "web", "ps");
  await show("logs", "web");
  await show("stats", "--no-stream");

  await show(
    "run",
    "--rm",
    "-i",
    "debian",
    "bash",
    "-c",
    'source /etc/os-release; echo "$PRETTY_NAME, $(dpkg -l | grep -c ^ii) packages"',
  );
  await show("run", "--rm", "busybox", "true");
  const app = join(root, "app");
  mkdirSync(join(app, "pages"), { recursive: true });
  writeFileSync(
    join(app, "Dockerfile"),
    [
      "# An application in two stages: one has the tools, the other only what they made.",
      "FROM debian AS build",
      "WORKDIR /work",
      "COPY pages pages",
      "RUN mkdir site && for page in pages/*; do sed 's/.*/<li>&<\\/li>/' $page > site/$(basename $page).html; " +
        "done && sha256sum site/* > site/sums",
      "FROM busybox",
      "COPY --from=build /work/site /site",
      "HEALTHCHECK --interval=1s CMD wget -qO- http://127.0.0.1:8000/sums || exit 1",
      'CMD ["httpd", "-f", "-p", "8000", "-h", "/site"]',
      "",
    ].join("\n"),
  );
  writeFileSync(join(app, "pages", "ships"), "sloop\nketch\nbarque\n");
  await show("build", "-t", "app", "--progress", "plain", app);
  await show("build", "-t", "app", "--progress", "plain", app);
  await show("run", "-d", "--name", "app", "-p", "127.0.0.1:18081:8000", "app");
  console.log(
    `\n${bold("GET http://127.0.0.1:18081/ships.html")}\n` +
      `${(await fetchPage("http://127.0.0.1:18081/ships.html")).trim()}`,
  );
  await show("history", "app");
  await show("rm", "-f", "app");

  await show("top", "web");
  await show("stop", "-t", "1", "web");
  await show("ps", "-a");
  await show("rm", "web");
  await show("rmi", "app", "busybox", "debian");
  console.log(`\nAll of it in ${((performance.now() - began) / 1000).toFixed(1)} s.`);
} finally {
  daemon.kill("SIGTERM");
  await daemon.exited;
  await Bun.$`ip link delete berthdemo0`.quiet().nothrow();
  for (const line of (await Bun.file("/proc/self/mountinfo").text()).split("\n").reverse()) {
    const target = line.split(" ")[4];
    if (target?.startsWith(root)) await Bun.$`umount -l ${target}`.quiet().nothrow();
  }
  rmSync(root, { recursive: true, force: true });
}

async function fetchPage(url: string): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`${url}: ${response.status}`);
      return await response.text();
    } catch (error) {
      if (tries > 100) throw error;
      await Bun.sleep(20);
    }
  }
}
