/** Counts of pulls since the last flush; they are worth no disk write of their own. */
export class PullCounter {
  readonly #pulled = new Map<number, { repository: number; at: number; count: number }>();

  add(manifest: { id: number; repository: number }, at: number): void {
    const entry = this.#pulled.get(manifest.id);
    if (entry) {
      entry.at = at;
      entry.count++;
    } else this.#pulled.set(manifest.id, { repository: manifest.repository, at, count: 1 });
  }

  /** Hands over what was counted and starts again. */
  drain(): { manifest: number; repository: number; at: number; count: number }[] {
    const entries = [...this.#pulled].map(([manifest, entry]) => ({ manifest, ...entry }));
    this.#pulled.clear();
    return entries;
  }
}
