import type { Logger } from "../../lib/log.ts";
import type { ManifestRow } from "../metadata/manifests.ts";
import type { MirrorOptions } from "../options.ts";
import type { ByteRange } from "../storage/storage.ts";
import { SingleFlight } from "./single-flight.ts";
import { Upstream } from "./upstream.ts";

/** A blob on its way here (`Download`). */
export interface RunningDownload {
  readonly digest: string;
  /** Bytes, once upstream has answered; undefined where nobody knows. */
  readonly size: Promise<number | undefined>;
  /** Settles, never rejects, at its end. */
  readonly finished: Promise<void>;
  /** Another repository wants it as well. */
  join(repository: string): void;
  /** The content, or a part of it, as it arrives. */
  read(range: ByteRange): AsyncGenerator<Uint8Array>;
}

/** The registries that are mirrored, and what is being fetched from them. */
export class Mirrors {
  readonly #upstreams: Upstream[];
  /** By digest: a blob is fetched once, whoever wants it. */
  readonly downloads = new Map<string, RunningDownload>();
  /** By repository and reference. */
  readonly manifests = new SingleFlight<ManifestRow | undefined>();

  constructor(mirrors: readonly MirrorOptions[], log: Logger, now: () => number) {
    // The longest prefix wins.
    this.#upstreams = mirrors
      .toSorted((a, b) => b.prefix.length - a.prefix.length)
      .map((options) => new Upstream(options, log, now));
  }

  /** Where the repository's content comes from; undefined: from here alone. */
  of(repository: string): Upstream | undefined {
    return this.#upstreams.find(({ options: { prefix } }) => prefix === "" || repository.startsWith(`${prefix}/`));
  }

  /**
   * The repository that a client means which uses this registry as a mirror: containerd and Podman name the
   * original registry as `?ns=docker.io`.
   */
  resolve(repository: string, namespace: string | null): string {
    if (namespace === null || repository.startsWith(`${namespace}/`)) return repository;
    return this.#upstreams.some(({ options: { prefix } }) => prefix === namespace)
      ? `${namespace}/${repository}`
      : repository;
  }
}
