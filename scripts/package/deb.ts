/** Debian packages, by dpkg-deb; the same input makes the same bytes. */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "./run.ts";

export interface DebOptions {
  /** The folder of its control file and scripts. */
  recipe: string;
  /** What it installs. Gets the control files beside it. */
  tree: string;
  outfile: string;
  /** For the `@NAME@` in its control file. */
  values: Record<string, string>;
  /** Seconds since 1970: no file in it is younger. */
  epoch: number;
  /** `xz` for people; tests do without. */
  compression: "xz" | "none";
}

const scripts = ["config", "preinst", "postinst", "prerm", "postrm"];

/** Makes a package of a tree. Everything in it belongs to root. */
export async function makeDeb({ recipe, tree, outfile, values, epoch, compression }: DebOptions): Promise<void> {
  const files = filesBelow(tree).sort();
  const control = join(tree, "DEBIAN");
  mkdirSync(control, { mode: 0o755 });
  const bytes = files.reduce((sum, file) => sum + 1024 * Math.ceil(lstatSync(join(tree, file)).size / 1024), 0);
  const filled = { ...values, SIZE: String(Math.ceil(bytes / 1024)) };
  const put = (name: string, text: string, mode: number) => {
    writeFileSync(join(control, name), text);
    chmodSync(join(control, name), mode);
  };
  put("control", fill(readFileSync(join(recipe, "control"), "utf8"), filled), 0o644);
  for (const name of scripts)
    if (existsSync(join(recipe, name))) put(name, readFileSync(join(recipe, name), "utf8"), 0o755);
  if (existsSync(join(recipe, "templates"))) put("templates", readFileSync(join(recipe, "templates"), "utf8"), 0o644);
  const settings = files.filter((file) => file.startsWith("etc/"));
  if (settings.length > 0) put("conffiles", settings.map((file) => `/${file}\n`).join(""), 0o644);
  const sums = files
    .filter((file) => !settings.includes(file) && lstatSync(join(tree, file)).isFile())
    .map(
      (file) =>
        `${createHash("md5")
          .update(readFileSync(join(tree, file)))
          .digest("hex")}  ${file}\n`,
    );
  put("md5sums", sums.join(""), 0o644);
  // At a higher level xz takes twice as long, and gains a tenth.
  await output(["dpkg-deb", "--root-owner-group", `-Z${compression}`, "-z2", "--build", tree, outfile], {
    SOURCE_DATE_EPOCH: String(epoch),
  });
}

/** Files and links below a folder, by their paths in it. */
function filesBelow(folder: string, path = ""): string[] {
  return readdirSync(join(folder, path), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(folder, join(path, entry.name)) : [join(path, entry.name)],
  );
}

function fill(text: string, values: Record<string, string>): string {
  return text.replace(/@([A-Z]+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the control file asks for ${name}`);
    return value;
  });
}
