/**
 * Exports that no other file imports: functions and values that are dead, or are their own file's business. A test may
 * import what its own file uses too. Types that an exported function speaks of are exported with it, and the shapes of
 * the wire are there whole, used or not.
 */
import { dirname, normalize } from "node:path";
import { Glob } from "bun";

const dictionary = /^src\/api\/(types|schema|buildkit)\//;
/** Tests take a part of the engine for themselves and put it away again. */
const forTests = new Set([
  "src/lib/log.ts silent",
  "src/lib/run.ts runOk",
  "src/network/dismantle.ts dismantleNetworks",
  "src/runtime/logs/files.ts logSize",
  "src/volume/rename.ts renameVolume",
]);
const isTest = (file: string) =>
  !file.startsWith("src/") || /\.(test|suite)\.ts$|\/testing(\.ts$|\/)|\/testdata\//.test(file);

/** `file name` for everything that a file imports; `file *` where it takes the whole. */
function importsOf(file: string, text: string): string[] {
  const target = (path = "") => normalize(`${dirname(file)}/${path}`);
  const named = [...text.matchAll(/(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s+from\s+"(\.[^"]+)"/g)].flatMap(
    ([, names = "", path]) =>
      names.split(",").map((each) => {
        const [name = ""] = each
          .trim()
          .replace(/^type\s+/, "")
          .split(/\s/);
        return `${target(path)} ${name}`;
      }),
  );
  const whole = [
    ...text.matchAll(/\*(?:\s+as\s+\w+)?\s+from\s+"(\.[^"]+)"|import\(\s*"(\.[^"]+)"|new URL\("(\.[^"]+)"/g),
  ];
  return [...named, ...whole.map(([, a, b, c]) => `${target(a ?? b ?? c)} *`)];
}

export async function needlessExports(): Promise<string[]> {
  const files = ["src", "test", "bench", "scripts", "tools", "findings"].flatMap((folder) =>
    [...new Glob("**/*.ts").scanSync(folder)].map((file) => `${folder}/${file}`),
  );
  const texts = new Map<string, string>();
  const byProduct = new Set<string>();
  const byTests = new Set<string>();
  for (const file of files) {
    const text = await Bun.file(file).text();
    texts.set(file, text);
    for (const each of importsOf(file, text)) (isTest(file) ? byTests : byProduct).add(each);
  }
  const offences: string[] = [];
  for (const [file, text] of texts) {
    if (isTest(file) || dictionary.test(file) || byProduct.has(`${file} *`)) continue;
    for (const [, kind = "", name = ""] of text.matchAll(
      /^export (?:abstract )?(?:async )?(function\*?|const|let|class|interface|type|enum) (\w+)/gm,
    )) {
      if (byProduct.has(`${file} ${name}`) || forTests.has(`${file} ${name}`)) continue;
      const usedHere = [...text.matchAll(new RegExp(`\\b${name}\\b`, "g"))].length > 1;
      const tested = byTests.has(`${file} ${name}`);
      if (!usedHere) offences.push(`${file}: nothing${tested ? " but a test" : ""} uses ${name}`);
      else if (!tested && !/^(interface|type|class)$/.test(kind))
        offences.push(`${file}: nothing else uses ${name}, which is exported`);
    }
  }
  return offences.sort();
}
