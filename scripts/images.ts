/**
 * Root file systems for tests, demo and benchmarks, made from Debian packages and kept in `.cache/images`:
 * `busybox.tar` (the static busybox with its applets), `debian.tar` (a minbase root) and
 * `postgres.tar` (that with PostgreSQL 15).
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const cache = resolve(import.meta.dir, "../.cache/images");

/** What there can be. */
export const rootfsNames = ["busybox", "debian", "postgres"] as const;
export type RootfsName = (typeof rootfsNames)[number];

/** Path of the tar of `name`, made on first use. */
export async function rootfsTar(name: RootfsName): Promise<string> {
  const path = join(cache, `${name}.tar`);
  if (existsSync(path)) return path;
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, `.${name}-`));
  try {
    const made = join(scratch, "root.tar");
    if (name === "busybox") await makeBusybox(join(scratch, "root"), made);
    else await makeDebian(made, name === "postgres" ? ["--include=postgresql-15"] : []);
    renameSync(made, path);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return path;
}

async function makeBusybox(root: string, tar: string): Promise<void> {
  for (const folder of [
    "bin",
    "etc",
    "root",
    "tmp",
    "home",
    "usr/bin",
    "var/www",
    "var/spool/mail",
    "dev",
    "proc",
    "sys",
  ]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  await sh(["cp", "/bin/busybox", join(root, "bin/busybox")]);
  const applets = (await sh(["/bin/busybox", "--list"]))
    .trim()
    .split("\n")
    .filter((applet) => applet !== "busybox");
  for (const applet of applets) await Bun.$`ln -s busybox ${join(root, "bin", applet)}`.quiet();
  writeFileSync(
    join(root, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n" +
      "www-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
  );
  writeFileSync(
    join(root, "etc/group"),
    "root:x:0:\ndaemon:x:1:\ntty:x:5:\naudio:x:29:www-data\nwww-data:x:33:\nnogroup:x:65534:\n",
  );
  await sh(["chmod", "1777", join(root, "tmp")]);
  await sh([
    "tar",
    "--sort=name",
    "--mtime=2024-01-01T00:00:00Z",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "-C",
    root,
    "-cf",
    tar,
    ".",
  ]);
}

async function makeDebian(tar: string, more: string[]): Promise<void> {
  await sh([
    "mmdebstrap",
    "--variant=minbase",
    "--mode=root",
    "--quiet",
    "--aptopt=Acquire::Languages none",
    "--aptopt=Acquire::Retries 5",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    ...more,
    "bookworm",
    tar,
  ]);
}

async function sh(argv: string[]): Promise<string> {
  const child = Bun.spawn(argv, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (exitCode !== 0) throw new Error(`${argv.join(" ")}: exit ${exitCode}: ${stderr.trim()}`);
  return stdout;
}

if (import.meta.main) {
  for (const name of rootfsNames) console.log(await rootfsTar(name));
}
