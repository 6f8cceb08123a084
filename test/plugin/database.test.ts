/** A database keeps its data on a volume that a plugin keeps on another machine, whatever happens to the engine. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Daemon, until } from "../harness.ts";
import { RclonePlugin, Remote } from "./rclone.ts";

let root: string;
let daemon: Daemon;
let plugin: RclonePlugin;
let remote: Remote;
beforeAll(async () => {
  root = mkdtempSync("/tmp/berth-rclone-");
  mkdirSync(`${root}/plugins`);
  plugin = new RclonePlugin(`${root}/plugins/rclone.sock`, `${root}/rclone`);
  remote = await Remote.serve("sftp", `${root}/sftp`);
  await plugin.up();
  daemon = await Daemon.start({ args: ["--plugin-dir", `${root}/plugins`], images: ["postgres"] });
}, 900_000);
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  const mounts = plugin.mounts();
  for (const one of [plugin, remote]) await one[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
  expect(mounts).toEqual([]);
});

const bin = "/usr/lib/postgresql/15/bin";
const serve = `set -e
as() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }
[ -s /data/PG_VERSION ] || as ${bin}/initdb -D /data -A trust >/dev/null
exec setpriv --reuid postgres --regid postgres --clear-groups \\
  ${bin}/postgres -D /data -k /tmp -c listen_addresses=`;

const sql = (text: string) => daemon.docker("exec", "db", "psql", "-h/tmp", "-Upostgres", "-Atc", text);
const answers = () => until("the database to answer", async () => (await sql("select 1")).stdout === "1\n", 110_000);

test("rows written before the engine is killed, and the container with it, are there afterwards", async () => {
  const [uid, gid] = (await daemon.ok("run", "--rm", "postgres", "sh", "-c", "id -u postgres; id -g postgres")).split(
    "\n",
  );
  const owned = [`uid=${uid}`, `gid=${gid}`, "dir-perms=0700", "file-perms=0600", "allow-other=true"];
  const others = remote.options.filter((option) => !option.startsWith("vfs-cache-mode"));
  const options = [...others, "vfs-cache-mode=full", ...owned];
  await daemon.ok("volume", "create", "-d", "rclone", ...options.flatMap((option) => ["-o", option]), "rows");
  await daemon.ok("run", "-d", "--name", "db", "-v", "rows:/data", "postgres", "bash", "-c", serve);
  await answers();
  expect((await sql("create table rows (id serial primary key)")).exitCode).toBe(0);
  const pid = Number(await daemon.ok("inspect", "-f", "{{.State.Pid}}", "db"));
  const insert = async () => expect((await sql("insert into rows default values")).exitCode).toBe(0);
  for (let row = 0; row < 20; row++) await insert();
  await daemon.kill();
  await daemon.up();
  expect(Number(await daemon.ok("inspect", "-f", "{{.State.Pid}}", "db"))).toBe(pid);
  for (let row = 0; row < 20; row++) await insert();
  const monitor = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  process.kill(monitor, "SIGKILL");
  process.kill(pid, "SIGKILL");
  await daemon.kill();
  await daemon.up();
  await daemon.ok("start", "db");
  await answers();
  expect((await sql("select count(*) from rows")).stdout).toBe("40\n");
  await daemon.ok("rm", "-f", "db");
  expect(plugin.mounts()).toEqual([]);
  await until("the data on the other side", () => existsSync(`${remote.folder}/PG_VERSION`));
}, 240_000);
