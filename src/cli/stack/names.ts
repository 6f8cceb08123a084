import { string } from "../compose/fields.ts";
import type { Mapping } from "../compose/readers.ts";

export const namespaceLabel = "com.docker.stack.namespace";
export const imageLabel = "com.docker.stack.image";

/** The name of a stack's thing in the engine. */
export function scoped(stack: string, name: string): string {
  return `${stack}_${name}`;
}

/** The same, where the file may give it a name of its own. */
export function nameOf(stack: string, key: string, thing: Mapping): string {
  return string(thing["name"]) ?? (thing["external"] === true ? key : scoped(stack, key));
}

export function stackLabels(stack: string, labels: Readonly<Record<string, string>>): Record<string, string> {
  return { ...labels, [namespaceLabel]: stack };
}

/** The filter that lets through what belongs to a stack. */
export function ofStack(stack: string): { label: string[] } {
  return { label: [`${namespaceLabel}=${stack}`] };
}
