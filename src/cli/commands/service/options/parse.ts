/** Further values of options of services. */
import type { GenericResources, TaskSpec } from "../../../../api/types/swarm.ts";
import { cut } from "../../container/options/csv.ts";
import { parseExtraHost } from "../../container/options/names.ts";

export type ContainerSpec = NonNullable<TaskSpec["ContainerSpec"]>;
export type CredentialSpec = NonNullable<NonNullable<ContainerSpec["Privileges"]>["CredentialSpec"]>;

/** `config://NAME`, `file://NAME` or `registry://NAME`. */
export function parseCredentialSpec(text: string): CredentialSpec {
  const spec = { Config: "", File: "", Registry: "" };
  if (text === "") return spec;
  const [, scheme = "", name = ""] = /^(config|file|registry):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === "config") return { ...spec, Config: name };
  if (scheme === "file") return { ...spec, File: name };
  if (scheme === "registry") return { ...spec, Registry: name };
  throw new Error('invalid credential spec: value must be prefixed with "config://", "file://", or "registry://"');
}

/** `KIND=NUMBER`, or `KIND=NAME` of one thing. */
export function checkGenericResource(text: string): string {
  if (!cut(text, "=")[2]) throw new Error(`invalid generic-resource format \`${text}\` expected \`name=value\``);
  return text;
}

/** Only amounts can be asked for: which thing it is to be, the engine chooses. */
export function genericResources(texts: readonly string[]): GenericResources {
  return texts.map((text) => {
    const [Kind, value] = cut(text, "=");
    if (!/^[+-]?\d+$/.test(value))
      throw new Error(
        `invalid generic-resource request \`${text}\`, Named Generic Resources is not supported for service create ` +
          "or update",
      );
    return { DiscreteResourceSpec: { Kind, Value: Number(value) } };
  });
}

export type Preference = { Spread: { SpreadDescriptor: string } };

/** `spread=node.labels.rack` */
export function parsePreference(text: string): Preference {
  const [strategy, descriptor, found] = cut(text, "=");
  if (!found || strategy === "") throw new Error('placement preference must be of the format "<strategy>=<arg>"');
  if (strategy.toLowerCase() !== "spread")
    throw new Error(`unsupported placement preference ${strategy} (only spread is supported)`);
  return { Spread: { SpreadDescriptor: descriptor } };
}

/** `NAME:IP` as a line of /etc/hosts. */
export function hostsLine(text: string): string {
  const [name, address] = cut(parseExtraHost(text), ":");
  return `${address} ${name}`;
}

/** The words of a command line, as a shell parts them. */
export function commandWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? "";
    if (quote === "'") {
      if (char === "'") quote = "";
      else word += char;
    } else if (char === "\\") {
      word = (word ?? "") + (text[++i] ?? "");
    } else if (quote === '"') {
      if (char === '"') quote = "";
      else word += char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + char;
  }
  if (quote !== "") throw new Error("EOF found when expecting closing quote");
  if (word !== null) words.push(word);
  return words;
}

/** A decimal of 0 to 1, as Go reads it. */
export function parseFloatValue(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value))
    throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  return value;
}
