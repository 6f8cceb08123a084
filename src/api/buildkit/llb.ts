/**
 * BuildKit's low-level build definition (package `pb`): a graph whose nodes are operations, each known by the digest of
 * its bytes.
 */
import {
  bigInt64,
  bool,
  bytes,
  field,
  int32,
  int64,
  map,
  message,
  optional,
  repeated,
  string,
  uint32,
  uint64,
  type Value,
} from "../../lib/protobuf.ts";

/** Where a program or an image is for. */
export const Platform = message({
  architecture: field(1, string),
  os: field(2, string),
  variant: field(3, string),
  osVersion: field(4, string),
  osFeatures: repeated(5, string),
});
export type Platform = Value<typeof Platform>;

/** The output of another operation. */
export const OpInput = message({
  digest: field(1, string),
  index: field(2, int64),
});
export type OpInput = Value<typeof OpInput>;

export const HostIp = message({
  host: field(1, string),
  ip: field(2, string),
});
export type HostIp = Value<typeof HostIp>;

export const Ulimit = message({
  name: field(1, string),
  soft: field(2, int64),
  hard: field(3, int64),
});
export type Ulimit = Value<typeof Ulimit>;

export const ProxyEnv = message({
  httpProxy: field(1, string),
  httpsProxy: field(2, string),
  ftpProxy: field(3, string),
  noProxy: field(4, string),
  allProxy: field(5, string),
});
export type ProxyEnv = Value<typeof ProxyEnv>;

/** The process of an exec operation. */
export const ProcessMeta = message({
  args: repeated(1, string),
  env: repeated(2, string),
  cwd: field(3, string),
  user: field(4, string),
  proxyEnv: optional(5, ProxyEnv),
  extraHosts: repeated(6, HostIp),
  hostname: field(7, string),
  ulimits: repeated(9, Ulimit),
  cgroupParent: field(10, string),
  removeMountStubsRecursive: field(11, bool),
  validExitCodes: repeated(12, int32),
});
export type ProcessMeta = Value<typeof ProcessMeta>;

export const NetMode = { sandbox: 0, host: 1, none: 2 } as const;

export const SecurityMode = { sandbox: 0, insecure: 1 } as const;

export const SecretEnv = message({
  id: field(1, string),
  name: field(2, string),
  optional: field(3, bool),
});
export type SecretEnv = Value<typeof SecretEnv>;

export const CdiRequest = message({
  name: field(1, string),
  optional: field(2, bool),
});
export type CdiRequest = Value<typeof CdiRequest>;

export const MountType = { bind: 0, secret: 1, ssh: 2, cache: 3, tmpfs: 4 } as const;

export const CacheSharing = { shared: 0, private: 1, locked: 2 } as const;

export const TmpfsOptions = message({
  size: field(1, int64),
});
export type TmpfsOptions = Value<typeof TmpfsOptions>;

export const CacheOptions = message({
  id: field(1, string),
  /** One of {@link CacheSharing}. */
  sharing: field(2, int32),
});
export type CacheOptions = Value<typeof CacheOptions>;

/** Of a mounted secret, or of a socket of an ssh agent. */
export const SecretOptions = message({
  id: field(1, string),
  uid: field(2, uint32),
  gid: field(3, uint32),
  mode: field(4, uint32),
  optional: field(5, bool),
});
export type SecretOptions = Value<typeof SecretOptions>;

export const Mount = message({
  /** Which of the operation's inputs; -1 for none. */
  input: field(1, int64),
  selector: field(2, string),
  dest: field(3, string),
  /** Which of its outputs; -1 for none. */
  output: field(4, int64),
  readonly: field(5, bool),
  /** One of {@link MountType}. */
  mountType: field(6, int32),
  tmpfs: optional(19, TmpfsOptions),
  cache: optional(20, CacheOptions),
  secret: optional(21, SecretOptions),
  ssh: optional(22, SecretOptions),
  resultId: field(23, string),
  /** 0 as usual, 1 on, 2 off. */
  contentCache: field(24, int32),
});
export type Mount = Value<typeof Mount>;

export const ExecOp = message({
  meta: optional(1, ProcessMeta),
  mounts: repeated(2, Mount),
  /** One of {@link NetMode}. */
  network: field(3, int32),
  /** One of {@link SecurityMode}. */
  security: field(4, int32),
  secretEnv: repeated(5, SecretEnv),
  cdiDevices: repeated(6, CdiRequest),
});
export type ExecOp = Value<typeof ExecOp>;

export const SourceOp = message({
  /** `docker-image://…`, `git://…`, `https://…`, `local://…`, `oci-layout://…`. */
  identifier: field(1, string),
  attrs: map(2, string),
});
export type SourceOp = Value<typeof SourceOp>;

/** A user by name, looked up in an input, or by number. */
export const NamedUser = message({
  name: field(1, string),
  input: field(2, int64),
});
export type NamedUser = Value<typeof NamedUser>;

export const UserRef = message({
  byName: optional(1, NamedUser),
  byId: optional(2, uint32),
});
export type UserRef = Value<typeof UserRef>;

export const Owner = message({
  user: optional(1, UserRef),
  group: optional(2, UserRef),
});
export type Owner = Value<typeof Owner>;

export const FileCopy = message({
  src: field(1, string),
  dest: field(2, string),
  owner: optional(3, Owner),
  /** -1: as it is. */
  mode: field(4, int32),
  followSymlink: field(5, bool),
  dirCopyContents: field(6, bool),
  unpack: field(7, bool),
  createDestPath: field(8, bool),
  allowWildcard: field(9, bool),
  allowEmptyWildcard: field(10, bool),
  /** Nanoseconds; -1: as it is. */
  timestamp: field(11, bigInt64),
  includePatterns: repeated(12, string),
  excludePatterns: repeated(13, string),
  alwaysReplaceExistingDestPaths: field(14, bool),
  modeText: field(15, string),
  requiredPaths: repeated(16, string),
});
export type FileCopy = Value<typeof FileCopy>;

export const FileMake = message({
  path: field(1, string),
  mode: field(2, int32),
  data: field(3, bytes),
  owner: optional(4, Owner),
  timestamp: field(5, bigInt64),
});
export type FileMake = Value<typeof FileMake>;

export const FileMakeDir = message({
  path: field(1, string),
  mode: field(2, int32),
  makeParents: field(3, bool),
  owner: optional(4, Owner),
  timestamp: field(5, bigInt64),
});
export type FileMakeDir = Value<typeof FileMakeDir>;

export const FileRemove = message({
  path: field(1, string),
  allowNotFound: field(2, bool),
  allowWildcard: field(3, bool),
});
export type FileRemove = Value<typeof FileRemove>;

export const FileSymlink = message({
  oldPath: field(1, string),
  newPath: field(2, string),
  owner: optional(3, Owner),
  timestamp: field(4, bigInt64),
});
export type FileSymlink = Value<typeof FileSymlink>;

/** One of its five last fields says what is done. */
export const FileAction = message({
  input: field(1, int64),
  secondaryInput: field(2, int64),
  output: field(3, int64),
  copy: optional(4, FileCopy),
  makeFile: optional(5, FileMake),
  makeDir: optional(6, FileMakeDir),
  remove: optional(7, FileRemove),
  symlink: optional(8, FileSymlink),
});
export type FileAction = Value<typeof FileAction>;

export const FileOp = message({
  actions: repeated(2, FileAction),
});
export type FileOp = Value<typeof FileOp>;

/** Which of an operation's inputs. */
export const InputIndex = message({
  input: field(1, int64),
});
export type InputIndex = Value<typeof InputIndex>;

export const MergeOp = message({
  inputs: repeated(1, InputIndex),
});
export type MergeOp = Value<typeof MergeOp>;

export const DiffOp = message({
  lower: optional(1, InputIndex),
  upper: optional(2, InputIndex),
});
export type DiffOp = Value<typeof DiffOp>;

export const PassthroughOp = message({
  id: field(1, string),
  outputs: repeated(2, int64),
});
export type PassthroughOp = Value<typeof PassthroughOp>;

/** A build within the build, by a definition of its own (left as bytes). */
export const BuildOp = message({
  builder: field(1, int64),
  inputs: map(2, InputIndex),
  definition: field(3, bytes),
  attrs: map(4, string),
});
export type BuildOp = Value<typeof BuildOp>;

export const WorkerConstraints = message({
  filter: repeated(1, string),
});
export type WorkerConstraints = Value<typeof WorkerConstraints>;

/** One operation; the last of a definition has only an input, which is the result. */
export const Op = message({
  inputs: repeated(1, OpInput),
  exec: optional(2, ExecOp),
  source: optional(3, SourceOp),
  file: optional(4, FileOp),
  build: optional(5, BuildOp),
  merge: optional(6, MergeOp),
  diff: optional(7, DiffOp),
  passthrough: optional(8, PassthroughOp),
  platform: optional(10, Platform),
  constraints: optional(11, WorkerConstraints),
});
export type Op = Value<typeof Op>;

/** Steps of one group are shown as one. */
export const ProgressGroup = message({
  id: field(1, string),
  name: field(2, string),
  weak: field(3, bool),
});
export type ProgressGroup = Value<typeof ProgressGroup>;

export const ExportCache = message({
  value: field(1, bool),
});
export type ExportCache = Value<typeof ExportCache>;

export const LinuxResources = message({
  memory: field(1, int64),
  memorySwap: field(2, int64),
  cpuShares: field(3, uint64),
  cpuPeriod: field(4, uint64),
  cpuQuota: field(5, int64),
  cpusetCpus: field(6, string),
  cpusetMems: field(7, string),
});
export type LinuxResources = Value<typeof LinuxResources>;

export const OpMetadata = message({
  ignoreCache: field(1, bool),
  description: map(2, string),
  exportCache: optional(4, ExportCache),
  caps: map(5, bool),
  progressGroup: optional(6, ProgressGroup),
  linuxResources: optional(7, LinuxResources),
});
export type OpMetadata = Value<typeof OpMetadata>;

export const Position = message({
  line: field(1, int32),
  character: field(2, int32),
});
export type Position = Value<typeof Position>;

export const Range = message({
  start: optional(1, Position),
  end: optional(2, Position),
});
export type Range = Value<typeof Range>;

/** A text that steps come from; its own definition is left as bytes. */
export const SourceInfo = message({
  filename: field(1, string),
  data: field(2, bytes),
  definition: field(3, bytes),
  language: field(4, string),
});
export type SourceInfo = Value<typeof SourceInfo>;

export const Location = message({
  sourceIndex: field(1, int32),
  ranges: repeated(2, Range),
});
export type Location = Value<typeof Location>;

export const Locations = message({
  locations: repeated(1, Location),
});
export type Locations = Value<typeof Locations>;

/** Where each operation stands in the texts. */
export const SourceMap = message({
  locations: map(1, Locations),
  infos: repeated(2, SourceInfo),
});
export type SourceMap = Value<typeof SourceMap>;

/** A graph: its operations as bytes, and what is known of each by its digest. */
export const Definition = message({
  operations: repeated(1, bytes),
  metadata: map(2, OpMetadata),
  source: optional(3, SourceMap),
});
export type Definition = Value<typeof Definition>;
