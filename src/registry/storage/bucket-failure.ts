import { RegistryError } from "../errors.ts";

/** Small questions to a bucket are given up after so long, milliseconds. */
const patienceMs = 15_000;

/** How S3 says that there is no such object. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === "NoSuchKey" || codeOf(error) === "NotFound";
}

/**
 * An answer of the bucket `where`, or UNAVAILABLE in words that name it: Bun's own say nothing. That an object is
 * missing is passed on as it is.
 */
export async function answerOf<T>(where: string, answer: Promise<T>, ms = patienceMs): Promise<T> {
  const { promise: tooLong, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new RegistryError("UNAVAILABLE", `${where} does not answer within ${ms / 1000} seconds`)),
    ms,
  );
  try {
    return await Promise.race([answer, tooLong]);
  } catch (error) {
    // Of what was given up, nobody waits for the end.
    answer.catch(() => {});
    throw isMissing(error) || error instanceof RegistryError ? error : unavailable(where, error);
  } finally {
    clearTimeout(timer);
  }
}

/** A failure of the bucket, as the registry's clients are told it. */
export function unavailable(where: string, error: unknown): RegistryError {
  return new RegistryError("UNAVAILABLE", `${where} ${wordsOf(error)}`, {
    cause: error,
    headers: { "Retry-After": "5" },
  });
}

function wordsOf(error: unknown): string {
  const code = codeOf(error);
  if (code === "ConnectionRefused" || code === "ECONNREFUSED") return "does not answer: connection refused";
  if (code === "DNSResolveFailed") return "does not answer: no such host";
  if (code === "ConnectionClosed" || code === "ECONNRESET") return "broke the connection off";
  return `refuses: ${[code, error instanceof Error ? error.message : ""].filter(Boolean).join(": ")}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
