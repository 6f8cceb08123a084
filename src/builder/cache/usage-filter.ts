import type { BuildCache } from "../../api/types/build.ts";
import { invalid } from "../../lib/errors.ts";
import { quote, unquote } from "../../lib/go-quote.ts";
import { compilePattern } from "../../lib/pattern.ts";

type Test = (record: BuildCache) => boolean;

/** What filters can ask of a record: a text, and whether there is one. */
const fields: Readonly<Record<string, (record: BuildCache) => { value: string; present: boolean }>> = {
  id: ({ ID = "" }) => ({ value: ID, present: ID !== "" }),
  parents: ({ Parents }) => ({ value: Parents?.join(",") ?? "", present: (Parents ?? []).length > 0 }),
  description: ({ Description = "" }) => ({ value: Description, present: Description !== "" }),
  type: ({ Type = "" }) => ({ value: Type, present: Type !== "" }),
  inuse: ({ InUse = false }) => ({ value: "", present: InUse }),
  shared: ({ Shared = false }) => ({ value: "", present: Shared }),
  private: ({ Shared = false }) => ({ value: "", present: !Shared }),
  mutable: (record) => ({ value: "", present: isMutable(record) }),
  immutable: (record) => ({ value: "", present: !isMutable(record) }),
};

/** Steps write into it again and again. */
export function isMutable({ Type }: Pick<BuildCache, "Type">): boolean {
  return Type !== "regular";
}

/**
 * Filters in containerd's language, of which one at least must be met: `type==regular,shared`, `id~=^ab`,
 * `description!="a b"`. Fields that there are not are never met. Throws `invalid`.
 */
export async function compileUsageFilters(filters: readonly string[]): Promise<Test> {
  const all = await Promise.all(filters.filter((filter) => filter !== "").map(compile));
  return all.length === 0 ? () => true : (record) => all.some((test) => test(record));
}

async function compile(filter: string): Promise<Test> {
  const tests: Test[] = [];
  for (let at = 0; at < filter.length; at++) {
    const selector = /^([\w./-]+)(?:(==|!=|~=)("(?:[^"\\]|\\.)*"|[^,]*))?(?=,|$)/.exec(filter.slice(at));
    if (!selector) throw invalid(`filters: parse error: ${quote(filter)}: unexpected input at ${at}: invalid argument`);
    const [text, name = "", operator, word = ""] = selector;
    at += text.length;
    tests.push(await compileSelector(name, operator, word.startsWith('"') ? (unquote(word) ?? "") : word));
  }
  return (record) => tests.every((test) => test(record));
}

async function compileSelector(name: string, operator: string | undefined, word: string): Promise<Test> {
  const get = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (!get) return () => false;
  if (operator === undefined) return (record) => get(record).present;
  if (operator === "~=") {
    const matches = await compilePattern(word).catch(() => () => false);
    return (record) => get(record).present && matches(get(record).value);
  }
  return (record) => {
    const { value, present } = get(record);
    return operator === "==" ? present && value === word : value !== word;
  };
}
