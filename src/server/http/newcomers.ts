import type { Connection } from "./connection.ts";

/**
 * Connections over the network that have not said yet what they want, oldest first. Whoever can reach the port can make
 * them, so there are never more than so many: a further one takes the place of the oldest. Those that have spoken are
 * counted too, and refused beyond a bound of their own, so that there are always descriptors for the local socket.
 */
export class Newcomers {
  readonly #silent = new Set<Connection>();
  #all = 0;

  /** `files`: how many descriptors the process may have. */
  constructor(private readonly files: number) {}

  /** False where there is no room: the connection is to be closed. */
  admit(connection: Connection): boolean {
    if (this.#all >= this.files / 2) return false;
    this.#all++;
    connection.gone.addEventListener("abort", () => {
      this.#all--;
      this.#silent.delete(connection);
    });
    this.#silent.add(connection);
    const [oldest] = this.#silent;
    if (this.#silent.size > this.files / 4) oldest?.close();
    return true;
  }

  spoke(connection: Connection): void {
    this.#silent.delete(connection);
  }
}
