/**
 * Makes what people install, into `dist/`: Debian packages for amd64 and arm64, archives for other Linux, and the
 * command line alone for macOS and Windows.
 * The same tree at the same SOURCE_DATE_EPOCH (the last commit's time unless given) makes the same bytes.
 * Usage: scripts/package.ts [--arch amd64,arm64] [--out FOLDER] [--only NAMES] [--quick]
 *   --only   Debian packages by these names
 *   --quick  Debian packages alone, not compressed: for tests
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import manifest from "../package.json" with { type: "json" };
import { compile } from "./compile.ts";
import { makeDeb } from "./package/deb.ts";
import { settingsExample } from "./package/example.ts";
import { enginePages, type ManualPages, registryPages } from "./package/man.ts";
import { output } from "./package/run.ts";
import { glibcOf, type Platform, runtimeFor } from "./package/runtimes.ts";
import { makeModes, program, text } from "./package/tree.ts";

const root = join(import.meta.dir, "..");
const { version } = manifest;
const license = readFileSync(join(root, "LICENSE"), "utf8");
const maintainer = "The Berth developers <berth@packages.invalid>";
const platforms: Record<string, Platform> = { amd64: "bun-linux-x64", arm64: "bun-linux-arm64" };

/** Where the command line runs without an engine beside it. */
const clients: Record<string, Platform> = { "macos-arm64": "bun-darwin-arm64", "windows-x64": "bun-windows-x64" };

const { values: flags } = parseArgs({
  options: {
    arch: { type: "string", default: "amd64,arm64" },
    out: { type: "string", default: join(root, "dist") },
    only: { type: "string", default: "berth,berth-registry,berth-docker" },
    quick: { type: "boolean", default: false },
  },
});
const out = resolve(flags.out);
const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? (await output(["git", "-C", root, "log", "-1", "--format=%ct"])));
const date = new Date(epoch * 1000).toISOString().slice(0, 10);
const scratch = mkdtempSync(join(tmpdir(), "berth-package-"));
try {
  mkdirSync(out, { recursive: true });
  const pages = await enginePages(version, date);
  for (const arch of flags.arch.split(",")) {
    const platform = platforms[arch];
    if (!platform) throw new Error(`no packages for ${arch}: ${Object.keys(platforms).join(", ")}`);
    const runtime = await runtimeFor(platform);
    const executable = join(scratch, arch);
    await compile({ outfile: executable, target: platform, runtime });
    const values = { ARCH: arch, GLIBC: glibcOf(runtime) };
    await debian("berth", arch, values, (tree) => engineTree(tree, executable, pages));
    await debian("berth-registry", arch, values, (tree) => {
      program(tree, "usr/bin/berth-registry", executable);
      manual(tree, registryPages(version, date));
    });
    if (!flags.quick) await archive(arch, executable, pages);
  }
  await debian("berth-docker", "all", {}, dockerTree);
  if (!flags.quick) for (const [name, platform] of Object.entries(clients)) await client(name, platform);
} finally {
  rmSync(scratch, { recursive: true });
}

/** Makes one Debian package: what its recipe holds, and what `fill` adds. */
async function debian(
  name: string,
  arch: string,
  values: Record<string, string>,
  fill: (tree: string) => void | Promise<void>,
): Promise<void> {
  if (!flags.only.split(",").includes(name)) return;
  const recipe = join(root, "packaging", name);
  const tree = join(scratch, `${name}-${arch}`);
  cpSync(join(recipe, "files"), tree, { recursive: true });
  await fill(tree);
  const documents = join("usr/share/doc", name);
  text(tree, join(documents, "copyright"), readFileSync(join(root, "packaging/copyright"), "utf8"));
  const changes = `${name} (${version}) unstable; urgency=medium\n\n  * Version ${version}.\n\n`;
  const changelog = `${changes} -- ${maintainer}  ${new Date(epoch * 1000).toUTCString().replace("GMT", "+0000")}\n`;
  text(tree, join(documents, "changelog.gz"), changelog);
  makeModes(tree);
  const outfile = join(out, `${name}_${version}_${arch}.deb`);
  await makeDeb({
    recipe,
    tree,
    outfile,
    values: { ...values, VERSION: version, MAINTAINER: maintainer },
    epoch,
    compression: flags.quick ? "none" : "xz",
  });
  rmSync(tree, { recursive: true });
  console.log(outfile);
}

async function engineTree(tree: string, executable: string, pages: ManualPages): Promise<void> {
  program(tree, "usr/bin/berth", executable);
  manual(tree, pages);
  await completions(tree, "berth");
  text(tree, "etc/berth/daemon.example.jsonc", settingsExample());
}

async function dockerTree(tree: string): Promise<void> {
  mkdirSync(join(tree, "usr/bin"), { recursive: true });
  symlinkSync("berth", join(tree, "usr/bin/docker"));
  await completions(tree, "docker");
  const man = join(tree, "usr/share/man/man1");
  mkdirSync(man, { recursive: true });
  symlinkSync("berth.1.gz", join(man, "docker.1.gz"));
}

/** What each shell asks the program for. */
async function completions(tree: string, name: string): Promise<void> {
  const places = {
    bash: `usr/share/bash-completion/completions/${name}`,
    zsh: `usr/share/zsh/vendor-completions/_${name}`,
    fish: `usr/share/fish/vendor_completions.d/${name}.fish`,
  };
  for (const [shell, path] of Object.entries(places)) {
    const argv = [process.execPath, join(root, "src/main.ts"), "completion", shell];
    text(tree, path, await output(argv, { BERTH_ARGV0: name }));
  }
}

function manual(tree: string, { texts, links }: ManualPages): void {
  const place = (page: string) => join("usr/share/man", `man${page.at(-1)}`, `${page}.gz`);
  for (const [page, words] of texts) text(tree, place(page), words);
  for (const [page, target] of links) {
    const path = join(tree, place(page));
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(`${target}.gz`, path);
  }
}

/** For a Linux without these packages: the program with its units, to be unpacked at the root of the file system. */
async function archive(arch: string, executable: string, pages: ManualPages): Promise<void> {
  const name = `berth-${version}-linux-${arch}`;
  const tree = join(scratch, name);
  cpSync(join(root, "packaging/berth/files"), tree, { recursive: true });
  await engineTree(tree, executable, pages);
  text(tree, "usr/share/doc/berth/LICENSE", license);
  await pack(name);
}

/** The command line for a system on which no engine runs. */
async function client(system: string, platform: Platform): Promise<void> {
  const name = `berth-${version}-${system}`;
  const executable = join(scratch, platform.startsWith("bun-windows") ? "berth.exe" : "berth");
  await compile({ outfile: executable, target: platform, runtime: await runtimeFor(platform) });
  program(join(scratch, name), basename(executable), executable);
  text(join(scratch, name), "LICENSE", license);
  await pack(name);
}

/** Makes an archive of a folder of the scratch folder, and removes that one. */
async function pack(name: string): Promise<void> {
  const tree = join(scratch, name);
  makeModes(tree);
  const outfile = join(out, `${name}.tar.gz`);
  const sameBytes = ["--sort=name", `--mtime=@${epoch}`, "--owner=0", "--group=0", "--numeric-owner"];
  await output(["tar", ...sameBytes, "-C", scratch, "-I", "gzip -9n", "-cf", outfile, name]);
  rmSync(tree, { recursive: true });
  console.log(outfile);
}
