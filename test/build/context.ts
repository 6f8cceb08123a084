import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * A build context below `scratch`: path → content; `name|755` gives a mode, `-> x` a symbolic link, a slash at the end
 * a directory.
 */
export function writeContext(scratch: string, files: Record<string, string>): string {
  const root = mkdtempSync(join(scratch, "context-"));
  for (const [key, content] of Object.entries(files)) {
    const [name = "", mode = "644"] = key.split("|");
    const path = join(root, name);
    mkdirSync(name.endsWith("/") ? path : dirname(path), { recursive: true });
    if (name.endsWith("/")) continue;
    if (content.startsWith("-> ")) {
      symlinkSync(content.slice(3), path);
      continue;
    }
    writeFileSync(path, content);
    chmodSync(path, Number.parseInt(mode, 8));
  }
  return root;
}
