import { normalPort } from "../network/ports/plan.ts";

/** `80` and `80/TCP` as `80/tcp`; null for what is no port of a container. */
export function completePort(text: string): string | null {
  try {
    return normalPort(text);
  } catch {
    return null;
  }
}
