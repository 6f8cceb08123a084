/**
 * Shapes of the OCI image specification (v1.1), which Docker's schema 2 shares. They come from outside:
 * oci/parse.ts checks the fields that the engine relies on.
 */
export interface Platform {
  architecture: string;
  os: string;
  "os.version"?: string;
  "os.features"?: string[];
  variant?: string;
}

/**
 * Points to a blob (OCI image specification, "Content Descriptors"). `size` in bytes; `data`: the content itself, in
 * base64.
 */
export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  urls?: string[];
  annotations?: Record<string, string>;
  data?: string;
  platform?: Platform;
  artifactType?: string;
}

/** One image for one platform ("Image Manifest"): its configuration and its layers, base first. */
export interface Manifest {
  schemaVersion: 2;
  mediaType?: string;
  artifactType?: string;
  config: Descriptor;
  layers: Descriptor[];
  subject?: Descriptor;
  annotations?: Record<string, string>;
}

/** Several manifests, mostly one for each platform ("Image Index"; Docker's manifest list). */
export interface Index {
  schemaVersion: 2;
  mediaType?: string;
  artifactType?: string;
  manifests: Descriptor[];
  subject?: Descriptor;
  annotations?: Record<string, string>;
}

/** `config` of an image's configuration file: the specification's fields and Docker's extensions to it. */
export interface OciImageConfig {
  User?: string | undefined;
  ExposedPorts?: Record<string, Record<string, never>> | undefined;
  Env?: string[] | undefined;
  Cmd?: string[] | undefined;
  Entrypoint?: string[] | undefined;
  Volumes?: Record<string, Record<string, never>> | undefined;
  WorkingDir?: string | undefined;
  Labels?: Record<string, string> | undefined;
  StopSignal?: string | undefined;
  ArgsEscaped?: boolean | undefined;
  Healthcheck?: OciHealthcheck | undefined;
  OnBuild?: string[] | undefined;
  Shell?: string[] | undefined;
}

/** Durations in nanoseconds. */
export interface OciHealthcheck {
  Test?: string[];
  Interval?: number;
  Timeout?: number;
  Retries?: number;
  StartPeriod?: number;
  StartInterval?: number;
}

/** One step of an image's making. `created`: RFC 3339; `empty_layer`: the step made no layer. */
export interface HistoryEntry {
  created?: string;
  created_by?: string;
  author?: string;
  comment?: string;
  empty_layer?: boolean;
}

/** An image's configuration file; its digest is the image's id. */
export interface OciImageConfigFile {
  created?: string;
  author?: string;
  architecture: string;
  variant?: string;
  os: string;
  "os.version"?: string;
  "os.features"?: string[];
  config?: OciImageConfig;
  rootfs: { type: "layers"; diff_ids: string[] };
  history?: HistoryEntry[];
  /** Docker's own addition, seen in older images. */
  container?: string;
  docker_version?: string;
  comment?: string;
}
