/** YAML as Compose files have it: of the words of YAML 1.1 only its octal numbers and merge keys. */
import { parseDocument, stringify, type Tags } from "yaml";

/** Neither sexagesimal numbers (`22:22` is two ports) nor dates; `yes` and `on` are words. */
function tags(all: Tags): Tags {
  const kept = all.filter(
    (tag) =>
      typeof tag === "string" ||
      (!("format" in tag && tag.format === "TIME") &&
        tag.tag !== "tag:yaml.org,2002:bool" &&
        // A dot alone would be a number.
        tag.tag !== "tag:yaml.org,2002:float" &&
        tag.tag !== "tag:yaml.org,2002:timestamp"),
  );
  return ["bool", "float", "floatExp", "floatNaN", ...kept];
}

/** One document. Throws `yaml: line N: …`. */
export function parseComposeYaml(text: string): unknown {
  const document = parseDocument(text, { schema: "yaml-1.1", merge: true, customTags: tags, prettyErrors: true });
  const [error] = document.errors;
  if (error) {
    const line = error.linePos?.[0].line ?? 1;
    throw new Error(`yaml: line ${line}: ${error.message.split(" at line ")[0] ?? error.message}`);
  }
  return document.toJS({ maxAliasCount: 1000 });
}

/** As Go writes YAML: words that YAML 1.1 would read as something else stand in quotes. */
export function composeYaml(value: unknown): string {
  return stringify(value, {
    schema: "yaml-1.1",
    customTags: (all) => [
      ...all.filter((tag) => typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:float"),
      "float",
      "floatExp",
      "floatNaN",
    ],
    lineWidth: 0,
    indentSeq: true,
    aliasDuplicateObjects: false,
  });
}
