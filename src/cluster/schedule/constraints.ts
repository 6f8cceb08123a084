import { invalid } from "../../lib/errors.ts";

/** One condition on where tasks may run: `node.labels.disk==ssd`. */
export interface Constraint {
  /** In lower case, but for the label's name: `node.id`, `node.hostname`, `node.labels.x`. */
  key: string;
  equal: boolean;
  value: string;
}

const keys = ["node.id", "node.hostname", "node.ip", "node.role", "node.platform.os", "node.platform.arch"];
const labels = ["node.labels.", "engine.labels."];

/** Reads conditions, in Docker's language. Throws `invalid` on what is none, and on keys that no node has. */
export const parseConstraints = (texts: readonly string[]): Constraint[] => texts.map(parseConstraint);

function parseConstraint(text: string): Constraint {
  const match = /^(.*?)(==|!=)(.*)$/s.exec(text);
  if (!match) throw invalid("constraint expected one operator from ==, !=");
  const [, left = "", operator, right = ""] = match;
  const [key, value] = [left.trim(), right.trim()];
  if (!/^[a-z_][a-z0-9\-_.]+$/i.test(key)) throw invalid(`key '${key}' is invalid`);
  if (!/^[a-z0-9:\-_\s.*()?+[\]\\^$|/]+$/i.test(value)) throw invalid(`value '${value}' is invalid`);
  const prefix = labels.find((each) => key.toLowerCase().startsWith(each));
  if (prefix && key.length > prefix.length)
    return { key: prefix + key.slice(prefix.length), equal: operator === "==", value };
  if (!keys.includes(key.toLowerCase()))
    throw invalid(
      `key '${key}' is invalid: nodes have ${[...keys, ...labels.map((each) => `${each}NAME`)].join(", ")}`,
    );
  return { key: key.toLowerCase(), equal: operator === "==", value };
}
