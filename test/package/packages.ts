import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ok } from "../clients/kept.ts";

const repository = resolve(import.meta.dir, "../..");

/** Makes the packages of a tree in a folder; `berth_0.1.0_amd64.deb` and its siblings lie there then. */
export async function makePackages(
  folder: string,
  { tree = repository, arch = "amd64", only }: { tree?: string; arch?: string; only?: string } = {},
): Promise<void> {
  const argv = ["env", "SOURCE_DATE_EPOCH=1700000000", "bin/bun", "scripts/package.ts"];
  await ok([
    "sh",
    "-c",
    'cd "$1" && shift && exec "$@"',
    "sh",
    tree,
    ...argv,
    `--arch=${arch}`,
    ...(only === undefined ? [] : [`--only=${only}`]),
    "--quick",
    "--out",
    folder,
  ]);
}

/** Packages of npm that go into the program, and those that they need. */
const bundled = /^(?:re2js|yaml|reflect-metadata|tslib|tsyringe|asn1js|pvtsutils|pvutils|@peculiar)$/;

/** A copy of what packages are made of. */
export function copyTree(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const part of ["bin", "src", "scripts", "packaging", "LICENSE", "package.json", "package-lock.json"])
    cpSync(join(repository, part), join(folder, part), { recursive: true });
  // A bundle names what it is made of by paths, so that this one must lie in the tree.
  for (const name of readdirSync(join(repository, "node_modules"))) {
    if (bundled.test(name))
      cpSync(join(repository, "node_modules", name), join(folder, "node_modules", name), { recursive: true });
  }
  symlinkSync(join(repository, "node_modules/@oven"), join(folder, "node_modules/@oven"));
  symlinkSync(join(repository, ".cache"), join(folder, ".cache"));
  return folder;
}

/**
 * A copy of this tree that is the version after it: with another number, and with a step more in the life of its
 * database, so that what it wrote is too new for this one.
 */
export function nextVersion(folder: string, version: string): string {
  copyTree(folder);
  const manifest: Record<string, unknown> = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ ...manifest, version }));
  const migrations = join(folder, "src/store/migrations");
  writeFileSync(join(migrations, "9999-next.ts"), 'export const next = "CREATE TABLE next (id TEXT)";\n');
  const index = readFileSync(join(migrations, "index.ts"), "utf8");
  const end = index.lastIndexOf("]");
  writeFileSync(
    join(migrations, "index.ts"),
    `import { next } from "./9999-next.ts";\n${index.slice(0, end)}  { name: "9999-next", sql: next },\n` +
      index.slice(end),
  );
  return folder;
}

/** The one Debian package of a name in a folder. */
export function packageIn(folder: string, name: string): string {
  const [file, ...others] = readdirSync(folder).filter((each) => each.startsWith(`${name}_`) && each.endsWith(".deb"));
  if (file === undefined || others.length > 0) throw new Error(`not one package ${name} in ${folder}`);
  return join(folder, file);
}

/** A package that has the name of another one and nothing in it. */
export async function makeStandIn(file: string, name: string): Promise<void> {
  const tree = `${file}.tree`;
  mkdirSync(join(tree, "DEBIAN"), { recursive: true });
  const fields = [
    "Version: 1",
    "Architecture: all",
    "Maintainer: nobody <nobody@packages.invalid>",
    "Description: stands in",
  ];
  writeFileSync(join(tree, "DEBIAN/control"), [`Package: ${name}`, ...fields, ""].join("\n"));
  await ok(["dpkg-deb", "--root-owner-group", "--build", tree, file]);
}
