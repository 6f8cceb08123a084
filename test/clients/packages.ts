/** Clients as their package managers bring them, at pinned versions. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cache, kept, ok } from "./kept.ts";

const pip = ["-m", "pip", "--disable-pip-version-check", "--quiet"];

/** A Python with the packages of `python/requirements.txt`. */
export async function python(): Promise<string> {
  const requirements = join(import.meta.dir, "python/requirements.txt");
  const folder = await kept("python", readFileSync(requirements, "utf8"), async (folder) => {
    await ok(["/usr/bin/python3", "-m", "venv", folder]);
    await ok([join(folder, "bin/python"), ...pip, "install", "--requirement", requirements]);
  });
  return join(folder, "bin/python");
}

/** A folder of Ansible's collections with `community.docker` in it: that part of the package `ansible`. */
export async function dockerCollection(): Promise<string> {
  const wheel = "ansible==12.3.0";
  const interpreter = await python();
  return kept("ansible", wheel, async (folder) => {
    await ok([interpreter, ...pip, "download", "--no-deps", "--only-binary", ":all:", "--dest", folder, wheel]);
    const [file = ""] = readdirSync(folder).filter((name) => name.endsWith(".whl"));
    const extract = [
      "import sys, zipfile",
      "wheel = zipfile.ZipFile(sys.argv[1])",
      "wheel.extractall(sys.argv[2], [name for name in wheel.namelist() if " +
        "name.startswith(('ansible_collections/community/docker/', " +
        "'ansible_collections/community/library_inventory_filtering_v1/'))])",
    ].join("\n");
    await ok([interpreter, "-c", extract, join(folder, file), folder]);
    rmSync(join(folder, file));
  });
}

/** The class path of what `java/pom.xml` depends on. */
export async function jars(): Promise<string> {
  const pom = join(import.meta.dir, "java/pom.xml");
  const folder = await kept("java", readFileSync(pom, "utf8"), async (folder) => {
    await ok([
      "mvn",
      "--quiet",
      "--batch-mode",
      "--file",
      pom,
      `-Dmaven.repo.local=${join(cache, "maven")}`,
      "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies",
      `-DoutputDirectory=${folder}`,
    ]);
  });
  return join(folder, "*");
}
