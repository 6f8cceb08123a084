/**
 * Errors as the OCI distribution specification writes them: `{"errors":[{code, message, detail}]}`.
 * The registry is a program of its own with a protocol of its own, hence not EngineError.
 */
const statusOf = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  TAG_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  // Beyond the specification's list; the reference registry uses the same names.
  RANGE_INVALID: 416,
  PAGINATION_NUMBER_INVALID: 400,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
} as const;

/** The `code` field of an error's body. */
export type ErrorCode = keyof typeof statusOf;

/** `detail` goes into the body, `headers` into the answer; `cause` is for the log alone. */
export interface RegistryErrorOptions {
  detail?: unknown;
  headers?: Record<string, string>;
  /** Where the code's usual status is not the right one (413 for an oversized manifest). */
  status?: number;
  cause?: unknown;
}

/**
 * An error that a client is told: a code of the specification, a text, and the HTTP status that belongs to the code.
 * `body()` is the JSON to send.
 */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly status: number;
  readonly detail: unknown;
  readonly headers: Record<string, string>;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: RegistryErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.status = options.status ?? statusOf[code];
    this.detail = options.detail;
    this.headers = options.headers ?? {};
  }

  body(): string {
    const detail = this.detail === undefined ? {} : { detail: this.detail };
    return `${JSON.stringify({ errors: [{ code: this.code, message: this.message, ...detail }] })}\n`;
  }
}
