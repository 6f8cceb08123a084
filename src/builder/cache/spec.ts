import { invalid } from "../../lib/errors.ts";

/** One `--cache-from` or `--cache-to` in BuildKit's grammar: `type=registry,ref=…,mode=max`, or a reference alone. */
export interface CacheSpec {
  type: string;
  attributes: ReadonlyMap<string, string>;
}

/**
 * Reads a list of them. Clients that part lists at commas have taken `type=registry,ref=x` apart: it is put together
 * again. Throws `invalid`.
 */
export function parseCacheSpecs(list: readonly string[]): CacheSpec[] {
  const whole: string[] = [];
  for (const each of list) {
    const last = whole.at(-1);
    if (last?.startsWith("type=") && /^[a-z-]+=/.test(each) && !each.startsWith("type="))
      whole[whole.length - 1] = `${last},${each}`;
    else whole.push(each);
  }
  return whole.map((text) => {
    if (!text.includes("=")) return { type: "registry", attributes: new Map([["ref", text]]) };
    const attributes = new Map(
      text.split(",").map((field) => {
        const equals = field.indexOf("=");
        if (equals < 1) throw invalid(`invalid value ${field}: a cache is given as type=registry,ref=name`);
        return [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1)] as const;
      }),
    );
    const type = attributes.get("type");
    if (!type) throw invalid(`type required form> "${text}"`);
    return { type, attributes };
  });
}
