/**
 * Holds the written pages against the tree: a file that a page names in full (`src/main.ts`) exists, and so does what
 * ARCHITECTURE.md names below `src` (`cli/flags/kinds.ts`); every link between pages leads somewhere. Prints each
 * offence; exits 1 if there is one.
 */

import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { Glob } from "bun";

const named = /`((?:src|test|scripts|packaging|tools|bench|bin|docs)\/[\w./-]+\.\w+)`/g;
/** Folders below `src` in what ARCHITECTURE.md says; `a/{b,c}.ts` is two files, `a/<noun>.ts` no name. */
const below = new RegExp(`\`((?:${readdirSync("src").join("|")})/[\\w./{},-]+)\``, "g");
/** Within the tree: no scheme, and the place in the page left out. */
const linked = /\]\(([^)#:]+)(?:#[^)]*)?\)/g;

let offences = 0;
for (const pattern of ["*.md", "docs/**/*.md", "test/**/*.md"]) {
  for (const page of [...new Glob(pattern).scanSync(".")].sort()) {
    const text = await Bun.file(page).text();
    const targets = [
      ...[...text.matchAll(named)].map(([, path = ""]) => path),
      ...(page === "ARCHITECTURE.md"
        ? [...text.matchAll(below)].flatMap(([, path = ""]) => spread(`src/${path}`))
        : []),
      ...[...text.matchAll(linked)].map(([, link = ""]) => join(dirname(page), link)),
    ];
    for (const target of targets) {
      if (existsSync(target)) continue;
      offences++;
      console.log(`${page}: ${target} is not there`);
    }
  }
}
if (offences > 0) process.exit(1);

function spread(path: string): string[] {
  const [, before = "", middle, after = ""] = /^(.*)\{(.*)\}(.*)$/.exec(path) ?? [];
  return middle === undefined ? [path] : middle.split(",").map((part) => `${before}${part}${after}`);
}
