import { parsePlatform } from "../client/platform.ts";

export { formatPlatform, parsePlatform } from "../client/platform.ts";

/** Throws where a `--platform` value is none; "" is allowed. */
export function checkPlatform(text: string): void {
  if (text === "") return;
  try {
    parsePlatform(text);
  } catch (error) {
    throw new Error(`invalid platform: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
