import type { Output } from "./deps.ts";
import { styles } from "./format/style.ts";
import { displayWidth } from "./format/width.ts";

/** A remark beside the output proper, its lines set in below its mark. */
export function note(out: Output, env: Readonly<Record<string, string | undefined>>, text: string): void {
  const mark = styles(out.isTerminal && !env["NO_COLOR"]).info();
  const indent = " ".repeat(displayWidth(Bun.stripANSI(mark)));
  out.write(
    `\n${text
      .split("\n")
      .map((line, i) => (i === 0 ? mark : indent) + line)
      .join("\n")}\n`,
  );
}
