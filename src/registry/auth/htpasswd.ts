import { createHash, createHmac, randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { errorMessage } from "../../lib/errors.ts";
import { Semaphore } from "../../lib/lock.ts";
import type { Logger } from "../../lib/log.ts";
import { RegistryError } from "../errors.ts";

const rememberRight = 5 * 60_000;
const rememberWrong = 5_000;
const mostRemembered = 10_000;
const mostWaiting = 64;

/** Checked for names that do not exist, so that the time of an answer does not tell which do. */
const nobody = "$2b$05$bkxSzRRE4KqpdQ90VHt1oONrPFysuja/Qh3ryYEwNyxF/nEU8FECi";

/**
 * Users of an htpasswd file with bcrypt hashes (`htpasswd -B`). The file is read again when it changes. Results are
 * remembered for a few minutes by a keyed hash, because clients send the password with every request and bcrypt is slow
 * by intent.
 */
export class HtpasswdUsers {
  readonly #secret = randomBytes(32);
  readonly #remembered = new Map<string, { right: boolean; until: number }>();
  readonly #checks = new Semaphore(2);
  #waiting = 0;
  #hashes = new Map<string, string>();
  #stamp = "";
  #looked = 0;

  constructor(
    private readonly file: string,
    private readonly log: Logger,
    private readonly now: () => number,
  ) {
    this.#load();
  }

  /** Throws TOOMANYREQUESTS where more checks are waiting than is reasonable. */
  async verify(user: string, password: string): Promise<boolean> {
    this.#load();
    const hash = this.#hashes.get(user);
    const key = createHmac("sha256", this.#secret)
      .update(JSON.stringify([user, password, hash]))
      .digest("base64");
    const known = this.#remembered.get(key);
    if (known && known.until > this.now()) return known.right;
    if (this.#waiting >= mostWaiting)
      throw new RegistryError("TOOMANYREQUESTS", "too many logins at once: try again shortly", {
        headers: { "Retry-After": "2" },
      });
    this.#waiting++;
    let right: boolean;
    try {
      using _ = await this.#checks.acquire();
      // bcrypt itself reads 72 bytes; Bun hashes longer passwords first, as nothing else does.
      right =
        (await Bun.password.verify(Buffer.from(password || "\0").subarray(0, 72), hash ?? nobody).catch(() => false)) &&
        hash !== undefined &&
        password !== "";
    } finally {
      this.#waiting--;
    }
    this.#remembered.set(key, { right, until: this.now() + (right ? rememberRight : rememberWrong) });
    const oldest = this.#remembered.keys().next().value;
    if (this.#remembered.size > mostRemembered && oldest !== undefined) this.#remembered.delete(oldest);
    return right;
  }

  /** Changes with the user's password; undefined where there is no such user. Long-lived tokens carry it. */
  fingerprint(user: string): string | undefined {
    this.#load();
    const hash = this.#hashes.get(user);
    return hash === undefined ? undefined : createHash("sha256").update(hash).digest("base64url").slice(0, 16);
  }

  #load(): void {
    if (this.now() - this.#looked < 1000 && this.#stamp !== "") return;
    this.#looked = this.now();
    let text: string;
    try {
      const { mtimeMs, size, ino } = statSync(this.file);
      const stamp = `${mtimeMs} ${size} ${ino}`;
      if (stamp === this.#stamp) return;
      text = readFileSync(this.file, "utf8");
      this.#stamp = stamp;
    } catch (error) {
      // Between an editor's delete and its rename there is no file: the users of before stay.
      if (this.#stamp === "") throw error;
      this.log.warn("cannot read the users", { file: this.file, error: errorMessage(error) });
      return;
    }
    this.#hashes = parseHtpasswd(text, (user) =>
      this.log.warn("ignoring a user whose hash is not bcrypt: use htpasswd -B", { user }),
    );
  }
}

/**
 * Reads the lines `user:hash` of an htpasswd file: hashes by user. Only bcrypt counts; of other kinds of hash the user
 * is told to `ignored`. Comments, empty lines and lines without a user are passed over.
 */
export function parseHtpasswd(text: string, ignored: (user: string) => void): Map<string, string> {
  const hashes = new Map<string, string>();
  for (const line of text.split("\n")) {
    const entry = line.trim();
    const colon = entry.indexOf(":");
    if (entry === "" || entry.startsWith("#") || colon < 1) continue;
    const user = entry.slice(0, colon);
    const hash = entry.slice(colon + 1);
    // Apache's 2y is what everybody else calls 2b.
    if (/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/.test(hash)) hashes.set(user, hash.replace(/^\$2y/, "$2b"));
    else ignored(user);
  }
  return hashes;
}
