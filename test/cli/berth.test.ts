/** What our own command line does at a terminal, with signals, pipes and files, against a real daemon. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { berthBinary, Daemon, freePort, sh, until } from "../harness.ts";

let daemon: Daemon;
const scratch = mkdtempSync("/tmp/berth-own-");

beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => {
  rmSync(scratch, { recursive: true, force: true });
  await daemon?.[Symbol.asyncDispose]();
});

const env = () => ({ ...process.env, DOCKER_HOST: daemon.host, TERM: "xterm" });
const berth = (...args: string[]) => daemon.berth(...args);

async function ok(...args: string[]): Promise<string> {
  const result = await berth(...args);
  if (result.exitCode !== 0)
    throw new Error(
      `berth ${args.join(" ")}: exit ${result.exitCode}: ${result.stderr}${result.stdout}\n${daemon.log()}`,
    );
  return result.stdout.trim();
}

/** A command at a terminal of its own. */
function atTerminal(args: string[], { cols = 80, rows = 24 } = {}) {
  const screen = { text: "" };
  const child = Bun.spawn([berthBinary, ...args], {
    env: env(),
    terminal: {
      cols,
      rows,
      data: (_terminal, data) => {
        screen.text += data.toString();
      },
    },
  });
  const type = (text: string) => void child.terminal?.write(text);
  const sees = (text: string) => until(`"${text}" on the screen`, () => screen.text.includes(text));
  return { child, screen, type, sees };
}

test("exec -it follows the terminal, and custom keys leave it", async () => {
  await ok("run", "-d", "--name", "box", "busybox", "sleep", "1000");
  const { child, type, sees, screen } = atTerminal(["exec", "-it", "--detach-keys", "ctrl-a,x", "box", "sh"], {
    cols: 77,
    rows: 20,
  });
  await sees("#");
  await until("the size", () => {
    type("stty size\n");
    return Bun.sleep(100).then(() => screen.text.includes("20 77"));
  });
  child.terminal?.resize(99, 33);
  await until("the new size", () => {
    type("stty size\n");
    return Bun.sleep(100).then(() => screen.text.includes("33 99"));
  });
  type("\x01x");
  expect(await child.exited).toBe(1);
  expect(screen.text).toContain("read escape sequence");
  await ok("rm", "-f", "box");
});

test("the terminal is itself again afterwards", async () => {
  const script =
    `before=$(stty -g); ${berthBinary} run --rm -it --network none busybox sh -c 'stty -echo; exit 4'; echo ` +
    `"code $?"; [ "$before" = "$(stty -g)" ] && echo same`;
  let text = "";
  const child = Bun.spawn(["sh", "-c", script], {
    env: env(),
    terminal: {
      cols: 80,
      rows: 24,
      data: (_terminal, data) => {
        text += data.toString();
      },
    },
  });
  await child.exited;
  expect(text).toContain("code 4");
  expect(text).toContain("same");
});

test("a full-screen program's line feeds are not touched", async () => {
  const { child, screen } = atTerminal([
    "run",
    "--rm",
    "-it",
    "--network",
    "none",
    "busybox",
    "sh",
    "-c",
    "stty -opost; printf 'a\\nb'",
  ]);
  await child.exited;
  expect(screen.text).toContain("a\nb");
});

test("signals reach the container", async () => {
  const script = "trap 'echo got term; exit 9' TERM; trap 'echo got hup' HUP; echo ready; while :; do sleep 0.05; done";
  const child = Bun.spawn([berthBinary, "run", "--rm", "--network", "none", "busybox", "sh", "-c", script], {
    env: env(),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let text = "";
  const reading = (async () => {
    for await (const chunk of child.stdout) text += new TextDecoder().decode(chunk);
  })();
  await until("the container", () => text.includes("ready"));
  child.kill("SIGHUP");
  await until("the first signal", () => text.includes("got hup"));
  child.kill("SIGTERM");
  expect(await child.exited).toBe(9);
  await reading;
  expect(text).toBe("ready\ngot hup\ngot term\n");
});

test("attach without --sig-proxy leaves the container alone", async () => {
  await ok(
    "run",
    "-d",
    "--name",
    "alone",
    "--network",
    "none",
    "busybox",
    "sh",
    "-c",
    "while :; do echo tick; sleep 0.05; done",
  );
  const child = Bun.spawn([berthBinary, "attach", "--sig-proxy=false", "alone"], {
    env: env(),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  const reader = child.stdout.getReader();
  await reader.read();
  child.kill("SIGINT");
  await child.exited;
  expect(await ok("inspect", "-f", "{{.State.Running}}", "alone")).toBe("true");
  await ok("rm", "-f", "alone");
});

test("start -a gives output and exit code; several cannot be attached", async () => {
  await ok("create", "-i", "--name", "cat", "--network", "none", "busybox", "sh", "-c", "cat; exit 6");
  const result = await sh([berthBinary, "start", "-ai", "cat"], { env: env(), input: "fed" });
  expect([result.stdout, result.exitCode]).toEqual(["fed", 6]);
  expect((await berth("start", "-a", "cat", "cat")).stderr).toBe(
    "you cannot start and attach multiple containers at once\n",
  );
  await ok("rm", "cat");
});

test("who stops reading ends us quietly", async () => {
  const result = await sh(
    ["sh", "-c", `{ ${berthBinary} run --rm --name yes --network none busybox yes; echo "code $?" >&2; } | head -n 2`],
    { env: env() },
  );
  expect([result.stdout, result.stderr]).toEqual(["y\ny\n", "code 141\n"]);
  await berth("rm", "-f", "yes");
});

test("much input and output goes through whole", async () => {
  const input = Buffer.alloc(20_000_000, "0123456789abcdef\n");
  const result = await sh([berthBinary, "run", "--rm", "-i", "--network", "none", "busybox", "md5sum"], {
    env: env(),
    input,
  });
  expect(result.stdout).toStartWith(new Bun.CryptoHasher("md5").update(input).digest("hex"));
  const back = await sh([berthBinary, "run", "--rm", "-i", "--network", "none", "busybox", "cat"], {
    env: env(),
    input,
  });
  expect(back.stdout.length).toBe(input.length);
});

test("--cidfile is written once, and not left behind by a failure", async () => {
  const file = join(scratch, "cid");
  const id = await ok("run", "-d", "--cidfile", file, "--network", "none", "busybox", "true");
  expect(readFileSync(file, "utf8")).toBe(id);
  const again = await berth("run", "--cidfile", file, "busybox");
  expect([again.exitCode, again.stderr.split("\n")[0]]).toEqual([
    125,
    `berth: container ID file found, make sure the other container isn't running or delete ${file}`,
  ]);
  const other = join(scratch, "cid2");
  expect((await berth("run", "--cidfile", other, "--pull", "never", "no-such-image", "true")).exitCode).toBe(125);
  expect(existsSync(other)).toBe(false);
  await ok("rm", "-f", id);
});

test("cp keeps what makes a file, both ways", async () => {
  await ok("run", "-d", "--name", "files", "--network", "none", "busybox", "sleep", "1000");
  const tree = join(scratch, "tree");
  mkdirSync(join(tree, "sub"), { recursive: true });
  writeFileSync(join(tree, "run"), "#!/bin/sh\n", { mode: 0o751 });
  symlinkSync("../run", join(tree, "sub/link"));
  await ok("cp", "-a", tree, "files:/one");
  await ok("cp", `${tree}/.`, "files:/one/again");
  expect(await ok("exec", "files", "sh", "-c", "stat -c %a /one/run; readlink /one/sub/link; ls /one/again")).toBe(
    "751\n../run\nrun\nsub",
  );
  await ok("cp", "files:/one/.", join(scratch, "back"));
  expect(statSync(join(scratch, "back/run")).mode & 0o777).toBe(0o751);
  expect((await berth("cp", tree, "files:/one/run")).stderr).toBe("cannot copy directory\n");
  expect((await berth("cp", "files:/one", join(scratch, "no/such/place"))).stderr).toBe(
    `invalid output path: directory ${JSON.stringify(join(scratch, "no/such"))} does not exist\n`,
  );
  await ok("rm", "-f", "files");
});

test("stats redraws itself on a terminal", async () => {
  await ok("run", "-d", "--name", "busy", "--network", "none", "busybox", "sleep", "1000");
  const { child, screen, sees } = atTerminal(["stats"], { cols: 120 });
  await sees("busy");
  await until("a second table", () => screen.text.split("\x1b[H").length > 2);
  child.kill("SIGINT");
  await child.exited;
  const once = await ok("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", "busy");
  expect(once).toBe("busy 1");
  await ok("rm", "-f", "busy");
});

test("ps shows ranges of ports as ranges", async () => {
  const first = freePort(3);
  const range = `${first}-${first + 2}`;
  await ok(
    "run",
    "-d",
    "--name",
    "ports",
    "-p",
    `127.0.0.1:${range}:${range}`,
    "--expose",
    "9000-9002",
    "busybox",
    "sleep",
    "1000",
  );
  expect(await ok("ps", "--filter", "name=ports", "--format", "{{.Ports}}")).toBe(
    `9000-9002/tcp, 127.0.0.1:${range}->${range}/tcp`,
  );
  await ok("rm", "-f", "ports");
});

test("an engine through ssh is reached by dial-stdio", async () => {
  // A stand-in for ssh that runs the remote command here.
  const bin = join(scratch, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "ssh"), `#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n`, { mode: 0o755 });
  writeFileSync(join(bin, "docker"), `#!/bin/sh\nexec ${berthBinary} "$@"\n`, { mode: 0o755 });
  const result = await sh(
    [
      berthBinary,
      "-H",
      `ssh://me@elsewhere${daemon.socket}`,
      "run",
      "--rm",
      "-i",
      "--network",
      "none",
      "busybox",
      "cat",
    ],
    { env: { ...env(), PATH: `${bin}:${process.env["PATH"]}` }, input: "over ssh" },
  );
  expect([result.stdout, result.stderr, result.exitCode]).toEqual(["over ssh", "", 0]);
});
