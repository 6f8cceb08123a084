/** `-v` and `--tmpfs`. */
import { setOwn } from "../../../../lib/own.ts";
import { absolutePath } from "../../../paths.ts";
import { cut } from "./csv.ts";

/** `-v` values apart: binds and named volumes (in order, without repetition), and anonymous volumes by their path. */
export function parseVolumes(
  specs: readonly string[],
  cwd: string,
): { binds: string[]; volumes: Record<string, Record<string, never>> } {
  const binds: string[] = [];
  const volumes: Record<string, Record<string, never>> = {};
  for (const spec of new Set(specs)) {
    const { source } = parseVolumeSpec(spec);
    if (source === "") setOwn(volumes, spec, {});
    else binds.push(resolveBind(spec, source, cwd));
  }
  return { binds, volumes };
}

/** A relative source that starts with a dot is made absolute; all else goes to the engine as it is. */
function resolveBind(spec: string, source: string, cwd: string): string {
  if (!source.startsWith(".")) return spec;
  const [host, rest] = cut(spec, ":");
  return `${absolutePath(cwd, host)}:${rest}`;
}

/** `[SOURCE:]TARGET[:OPTIONS]`; a single letter before a colon is a Windows drive. */
function parseVolumeSpec(spec: string): { source: string; target: string; options: string[] } {
  if (spec === "") throw new Error("invalid empty volume spec");
  if (spec.length <= 2) return { source: "", target: spec, options: [] };
  const sections: string[] = [];
  let section = "";
  for (const char of spec) {
    if (char === ":" && !(section.length === 1 && /\p{L}/u.test(section))) {
      sections.push(section);
      section = "";
      const problem =
        sections.at(-1) === "" ? "empty section between colons" : sections.length > 2 ? "too many colons" : null;
      if (problem !== null) throw new Error(`invalid spec: ${spec}: ${problem}`);
    } else section += char;
  }
  if (section === "") throw new Error(`invalid spec: ${spec}: empty section between colons`);
  sections.push(section);
  if (sections.length === 1) return { source: "", target: sections[0] ?? "", options: [] };
  const [source = "", target = "", options = ""] = sections;
  return { source, target, options: options === "" ? [] : options.split(",") };
}

/** `--tmpfs PATH[:OPTIONS]` */
export function parseTmpfs(specs: readonly string[]): Record<string, string> {
  return Object.fromEntries(specs.map((spec) => cut(spec, ":").slice(0, 2)));
}
