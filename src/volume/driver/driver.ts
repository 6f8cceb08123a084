import type { CallOptions } from "../../plugin/client.ts";

/** A volume's options as `--opt` gave them. */
export type VolumeOptions = Readonly<Record<string, string>>;

/**
 * Where the bytes of volumes live. The usual calls in order: `validate` and `create` once; `mount` for each container
 * that starts with it; `unmount` for each after it has ended; `remove`. All but `validate` are idempotent.
 */
export interface VolumeDriver {
  /** Present: the driver is a program of its own. */
  readonly plugin: PluginVolumes | null;
  /** As `--driver` and `GET /info` name it. */
  readonly name: string;
  readonly scope: "local" | "global";
  /** The engine can set the data's security labels: mounts show the mode `z`. */
  readonly labelled: boolean;
  /** Takes the option `size`: how much the data may take at most. */
  readonly limitsSize: boolean;
  /** The data is this machine's and nobody else's: prune may take the volume. */
  prunable(options: VolumeOptions): boolean;
  /** Bytes that the data takes on this machine; null: it is stored elsewhere. */
  size(name: string, options: VolumeOptions): Promise<number | null>;
  /** Throws `invalid` where the name or the options are not the driver's. */
  validate(name: string, options: VolumeOptions): Promise<void>;
  create(name: string, options: VolumeOptions): Promise<void>;
  /** Host path of the data, mounted or not. */
  path(name: string): Promise<string>;
  /** Makes the data present for `callerId` (a container, or whoever reads its files; an id of its own for plugins). */
  mount(name: string, options: VolumeOptions, callerId: string): Promise<string>;
  /**
   * `callerId` needs it no more; null: whoever it was, at boot, after a crash. `others` have it mounted still. Nothing
   * mounted: does nothing.
   */
  unmount(name: string, options: VolumeOptions, callerId: string | null, others: number): Promise<void>;
  remove(name: string, options: VolumeOptions): Promise<void>;
  /**
   * Makes the data of a new volume by `fill`, which is given its directory, under a name that no user can choose: whole
   * or not at all. Returns that name, for {@link rename}.
   */
  receive(fill: (directory: string) => Promise<void>, options: VolumeOptions): Promise<string>;
  /** The same with a directory of the same filesystem, which becomes the data; where it is gone, one taken before. */
  adopt(name: string, directory: string): Promise<string>;
  /** At boot: removes what a `receive` that was cut off has left. */
  dropReceived(): Promise<void>;
  /** Done already where only the new name is there. */
  rename(name: string, newName: string): Promise<void>;
}

/** What a driver that is a program of its own knows of a volume. */
export interface VolumeFacts {
  name: string;
  /** As the program names the path; empty: it does not say. */
  mountpoint: string;
  /** RFC 3339; empty: it does not say. */
  created: string;
  /** What it has to tell about the volume; null: nothing. */
  status: Record<string, unknown> | null;
}

/** Volumes that a program of its own keeps: it may have others than were made here, and lose some. */
export interface PluginVolumes {
  /** Null: it has none of that name. Throws where it does not answer. */
  get(name: string, how?: CallOptions): Promise<VolumeFacts | null>;
  list(how?: CallOptions): Promise<VolumeFacts[]>;
  /** Where on this machine the path lies that the program calls so. */
  hostPath(path: string): string;
}
