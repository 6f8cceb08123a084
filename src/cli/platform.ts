import { parsePlatform } from "../client/platform.ts";
import { errorMessage } from "../lib/errors.ts";

export { formatPlatform, parsePlatform } from "../client/platform.ts";

/** Throws where a `--platform` value is none; "" is allowed. */
export function checkPlatform(text: string): void {
  if (text === "") return;
  try {
    parsePlatform(text);
  } catch (error) {
    throw new Error(`invalid platform: ${errorMessage(error)}`, { cause: error });
  }
}
