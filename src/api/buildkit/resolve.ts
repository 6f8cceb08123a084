/** What `LLBBridge/ResolveSourceMeta` asks and tells of a source. */
import { bool, bytes, field, int32, map, message, optional, repeated, string, type Value } from "../../lib/protobuf.ts";
import { Descriptor } from "./history.ts";
import { Platform, SourceOp } from "./llb.ts";
import { Policy } from "./policy.ts";
import { Timestamp } from "./timestamp.ts";

export const ResolveGitRequest = message({
  returnObject: field(1, bool),
});
export type ResolveGitRequest = Value<typeof ResolveGitRequest>;

export const ResolveImageRequest = message({
  noConfig: field(1, bool),
  attestationChain: field(2, bool),
  resolveAttestations: repeated(3, string),
});
export type ResolveImageRequest = Value<typeof ResolveImageRequest>;

export const ChecksumRequest = message({
  /** 0 SHA-256, 1 SHA-384, 2 SHA-512. */
  algorithm: field(1, int32),
  suffix: field(2, bytes),
});
export type ChecksumRequest = Value<typeof ChecksumRequest>;

export const ResolveHttpRequest = message({
  checksumRequest: optional(1, ChecksumRequest),
});
export type ResolveHttpRequest = Value<typeof ResolveHttpRequest>;

export const ResolveSourceMetaRequest = message({
  source: optional(1, SourceOp),
  platform: optional(2, Platform),
  logName: field(3, string),
  resolveMode: field(4, string),
  git: optional(5, ResolveGitRequest),
  image: optional(6, ResolveImageRequest),
  http: optional(7, ResolveHttpRequest),
  sourcePolicies: repeated(8, Policy),
});
export type ResolveSourceMetaRequest = Value<typeof ResolveSourceMetaRequest>;

export const Blob = message({
  descriptor: optional(1, Descriptor),
  data: field(2, bytes),
});
export type Blob = Value<typeof Blob>;

export const AttestationChain = message({
  root: field(1, string),
  imageManifest: field(2, string),
  attestationManifest: field(3, string),
  signatureManifests: repeated(4, string),
  blobs: map(5, Blob),
});
export type AttestationChain = Value<typeof AttestationChain>;

export const ResolveImageResponse = message({
  digest: field(1, string),
  config: field(2, bytes),
  attestationChain: optional(3, AttestationChain),
});
export type ResolveImageResponse = Value<typeof ResolveImageResponse>;

export const ResolveGitResponse = message({
  checksum: field(1, string),
  ref: field(2, string),
  commitChecksum: field(3, string),
  commitObject: field(4, bytes),
  tagObject: field(5, bytes),
});
export type ResolveGitResponse = Value<typeof ResolveGitResponse>;

export const ChecksumResponse = message({
  digest: field(1, string),
  suffix: field(2, bytes),
});
export type ChecksumResponse = Value<typeof ChecksumResponse>;

export const ResolveHttpResponse = message({
  checksum: field(1, string),
  filename: field(2, string),
  lastModified: optional(3, Timestamp),
  checksumResponse: optional(4, ChecksumResponse),
});
export type ResolveHttpResponse = Value<typeof ResolveHttpResponse>;

export const ResolveSourceMetaResponse = message({
  source: optional(1, SourceOp),
  image: optional(2, ResolveImageResponse),
  git: optional(3, ResolveGitResponse),
  http: optional(4, ResolveHttpResponse),
});
export type ResolveSourceMetaResponse = Value<typeof ResolveSourceMetaResponse>;
