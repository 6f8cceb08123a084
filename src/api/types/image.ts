import type { DriverData, HealthConfig } from "./container.ts";
import type { OCIDescriptor, OCIPlatform } from "./descriptor.ts";

/** `ImageConfig` of the Engine API; a request shape, so every field may be absent or null. */
export interface ImageConfig {
  User?: string | null;
  ExposedPorts?: Record<string, Record<string, never>> | null;
  Env?: string[] | null;
  Cmd?: string[] | null;
  Healthcheck?: HealthConfig | null;
  ArgsEscaped?: boolean | null;
  Volumes?: Record<string, Record<string, never>> | null;
  WorkingDir?: string | null;
  Entrypoint?: string[] | null;
  OnBuild?: string[] | null;
  Labels?: Record<string, string> | null;
  StopSignal?: string | null;
  Shell?: string[] | null;
}

/** `ImageDeleteResponseItem` of the Engine API. */
export interface ImageDeleteResponseItem {
  Untagged?: string;
  Deleted?: string;
}

/** `ImageHistoryResponseItem` of the Engine API. */
export interface ImageHistoryResponseItem {
  Id: string;
  Created: number;
  CreatedBy: string;
  Tags: string[];
  Size: number;
  Comment: string;
}

/** `ImageID` of the Engine API. */
export interface ImageID {
  ID?: string;
}

/** `ImageInspect` of the Engine API. */
export interface ImageInspect {
  Id?: string;
  Descriptor?: OCIDescriptor | null;
  Manifests?: ImageManifestSummary[] | null;
  Identity?: Identity | null;
  RepoTags?: string[];
  RepoDigests?: string[];
  Comment?: string | null;
  Created?: string | null;
  Author?: string | null;
  Config?: ImageConfig;
  Architecture?: string;
  Variant?: string | null;
  Os?: string;
  OsVersion?: string | null;
  Size?: number;
  GraphDriver?: DriverData | null;
  RootFS?: {
    Type: string;
    Layers?: string[];
  };
  Metadata?: {
    LastTagTime?: string | null;
  };
  /** Deprecated, but told where it is known: the image that this one was built or committed upon. */
  Parent?: string;
  /** Deprecated, but told where the image's configuration has it. */
  DockerVersion?: string;
}

/** `ImageManifestSummary` of the Engine API. */
export interface ImageManifestSummary {
  ID: string;
  Descriptor: OCIDescriptor;
  Available: boolean;
  Size: {
    Total: number;
    Content: number;
  };
  Kind: "image" | "attestation" | "unknown";
  ImageData?: {
    Platform: OCIPlatform;
    Identity?: Identity | null;
    Containers: string[];
    Size: {
      Unpacked: number;
    };
  } | null;
  AttestationData?: {
    For: string;
  } | null;
}

/** `ImageSummary` of the Engine API. */
export interface ImageSummary {
  Id: string;
  ParentId: string;
  RepoTags: string[];
  RepoDigests: string[];
  Created: number;
  Size: number;
  SharedSize: number;
  Labels: Record<string, string> | null;
  Containers: number;
  Manifests?: ImageManifestSummary[];
  Descriptor?: OCIDescriptor | null;
}

/** `ImagesDiskUsage` of the Engine API. */
export interface ImagesDiskUsage {
  ActiveCount?: number;
  TotalCount?: number;
  Reclaimable?: number;
  TotalSize?: number;
  Items?: unknown[];
}

/** `AttestationStatement` of the Engine API. */
export interface AttestationStatement {
  Descriptor: OCIDescriptor;
  PredicateType: string;
  Statement?: Record<string, unknown> | null;
}

/** `Identity` of the Engine API. */
export interface Identity {
  Signature?: SignatureIdentity[];
  Pull?: PullIdentity[];
  Build?: BuildIdentity[];
}

/** `BuildIdentity` of the Engine API. */
export interface BuildIdentity {
  Ref?: string;
  CreatedAt?: string;
}

/** `PullIdentity` of the Engine API. */
export interface PullIdentity {
  Repository?: string;
}

/** `SignatureIdentity` of the Engine API. */
export interface SignatureIdentity {
  Name?: string;
  Timestamps?: SignatureTimestamp[];
  KnownSigner?: KnownSignerIdentity;
  DockerReference?: string;
  Signer?: SignerIdentity;
  SignatureType?: SignatureType;
  Error?: string;
  Warnings?: string[];
}

/** `SignatureTimestamp` of the Engine API. */
export interface SignatureTimestamp {
  Type?: SignatureTimestampType;
  URI?: string;
  Timestamp?: string;
}

/** `SignatureTimestampType` of the Engine API. */
export type SignatureTimestampType = "Tlog" | "TimestampAuthority";

/** `SignatureType` of the Engine API. */
export type SignatureType = "bundle-v0.3" | "simplesigning-v1";

/** `SignerIdentity` of the Engine API. */
export interface SignerIdentity {
  CertificateIssuer?: string;
  SubjectAlternativeName?: string;
  Issuer?: string;
  BuildSignerURI?: string;
  BuildSignerDigest?: string;
  RunnerEnvironment?: string;
  SourceRepositoryURI?: string;
  SourceRepositoryDigest?: string;
  SourceRepositoryRef?: string;
  SourceRepositoryIdentifier?: string;
  SourceRepositoryOwnerURI?: string;
  SourceRepositoryOwnerIdentifier?: string;
  BuildConfigURI?: string;
  BuildConfigDigest?: string;
  BuildTrigger?: string;
  RunInvocationURI?: string;
  SourceRepositoryVisibilityAtSigning?: string;
}

/** `KnownSignerIdentity` of the Engine API. */
export type KnownSignerIdentity = "DHI";

/** `DistributionInspect` of the Engine API. */
export interface DistributionInspect {
  Descriptor: OCIDescriptor;
  Platforms: OCIPlatform[] | null;
}

/** `CreateImageInfo` of the Engine API. */
export interface CreateImageInfo {
  id?: string;
  errorDetail?: ErrorDetail;
  status?: string;
  progressDetail?: ProgressDetail;
}

/** `PushImageInfo` of the Engine API. */
export interface PushImageInfo {
  errorDetail?: ErrorDetail;
  status?: string;
  progressDetail?: ProgressDetail;
}

/** `ProgressDetail` of the Engine API. */
export interface ProgressDetail {
  current?: number;
  total?: number;
}

/** `ErrorDetail` of the Engine API. */
export interface ErrorDetail {
  code?: number;
  message?: string;
}
