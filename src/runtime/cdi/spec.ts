/** A file of the Container Device Interface: field names are its specification's. */
export interface CdiSpec {
  cdiVersion: string;
  /** `vendor.com/class` */
  kind: string;
  annotations: Record<string, string>;
  devices: CdiDevice[];
  /** Made once for each container that gets a device of the file. */
  containerEdits: ContainerEdits;
}

export interface CdiDevice {
  name: string;
  annotations: Record<string, string>;
  containerEdits: ContainerEdits;
}

/** What is changed of a container's runtime specification. */
export interface ContainerEdits {
  /** Each `NAME=value`. */
  env: string[];
  deviceNodes: CdiDeviceNode[];
  netDevices: { hostInterfaceName: string; name: string }[];
  hooks: CdiHook[];
  mounts: CdiMount[];
  intelRdt?: CdiIntelRdt;
  additionalGids: number[];
}

/** What is absent is read from the device at `hostPath`, or `path` where that is absent too. */
export interface CdiDeviceNode {
  path: string;
  hostPath: string;
  type: string;
  major: number;
  minor: number;
  fileMode?: number;
  /** Of `rwm`; empty: all; `none`. */
  permissions: string;
  uid?: number;
  gid?: number;
}

export interface CdiMount {
  hostPath: string;
  containerPath: string;
  options: string[];
  type: string;
}

/** `timeout` in seconds. */
export interface CdiHook {
  hookName: string;
  path: string;
  args: string[];
  env: string[];
  timeout?: number;
}

export interface CdiIntelRdt {
  closID: string;
  l3CacheSchema: string;
  memBwSchema: string;
  schemata: string[];
  enableMonitoring: boolean;
}
