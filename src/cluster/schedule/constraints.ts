import { invalid } from "../../lib/errors.ts";
import { containsIp, parseCidr, parseIp } from "../../lib/ip.ts";
import type { NodeObject, NodeReport } from "../model/objects.ts";

/** One condition on where tasks may run: `node.labels.disk==ssd`. */
export interface Constraint {
  /** In lower case, but for the label's name: `node.id`, `node.hostname`, `node.labels.x`. */
  key: string;
  equal: boolean;
  value: string;
}

const keys = ["node.id", "node.hostname", "node.ip", "node.role", "node.platform.os", "node.platform.arch"];
const labels = ["node.labels.", "engine.labels."];

const parsed = new WeakMap<readonly string[], readonly Constraint[]>();

/**
 * Reads conditions, in Docker's language; those of one array once. Throws `invalid` on what is none, and on keys that
 * no node has.
 */
export function parseConstraints(texts: readonly string[]): readonly Constraint[] {
  const known = parsed.get(texts);
  if (known) return known;
  const constraints = texts.map(parseConstraint);
  parsed.set(texts, constraints);
  return constraints;
}

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

/** Whether a node meets them all. What a node does not say of itself equals nothing. */
export function meetsConstraints(
  constraints: readonly Constraint[],
  node: NodeObject,
  report: NodeReport | undefined,
): boolean {
  return constraints.every(({ key, equal, value }) => {
    const actual = valueOf(key, node, report);
    return (actual !== undefined && matches(key, actual, value)) === equal;
  });
}

function valueOf(key: string, node: NodeObject, report: NodeReport | undefined): string | undefined {
  switch (key) {
    case "node.id":
      return node.ID;
    case "node.hostname":
      return report?.Description.Hostname;
    case "node.ip":
      return report?.Status.Addr;
    case "node.role":
      return node.Spec.Role;
    case "node.platform.os":
      return report?.Description.Platform?.OS;
    case "node.platform.arch":
      return report?.Description.Platform?.Architecture;
    default:
      return key.startsWith("node.labels.")
        ? node.Spec.Labels[key.slice("node.labels.".length)]
        : report?.Description.Engine?.Labels?.[key.slice("engine.labels.".length)];
  }
}

function matches(key: string, actual: string, wanted: string): boolean {
  if (key === "node.ip") {
    const [ip, subnet] = [parseIp(actual), parseCidr(wanted)];
    if (ip && subnet) return containsIp(subnet, ip);
  }
  if (key === "node.platform.arch") return architecture(actual) === architecture(wanted);
  return actual.toLowerCase() === wanted.toLowerCase();
}

/** The kernel and Go have names of their own for the same processors. */
export const architecture = (name: string): string =>
  ({ x86_64: "amd64", aarch64: "arm64", armv7l: "arm", i686: "386" })[name.toLowerCase()] ?? name.toLowerCase();
