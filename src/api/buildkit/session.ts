/** What the engine asks of its client: `moby.filesync.v1`, `moby.buildkit.secrets.v1`, `moby.sshforward.v1`, … */
import { bytes, field, int32, int64, map, message, repeated, string, type Value } from "../../lib/protobuf.ts";

export const sessionPaths = {
  fileSync: "/moby.filesync.v1.FileSync/DiffCopy",
  fileSend: "/moby.filesync.v1.FileSend/DiffCopy",
  getSecret: "/moby.buildkit.secrets.v1.Secrets/GetSecret",
  checkAgent: "/moby.sshforward.v1.SSH/CheckAgent",
  forwardAgent: "/moby.sshforward.v1.SSH/ForwardAgent",
  credentials: "/moby.filesync.v1.Auth/Credentials",
  fetchToken: "/moby.filesync.v1.Auth/FetchToken",
  getTokenAuthority: "/moby.filesync.v1.Auth/GetTokenAuthority",
  verifyTokenAuthority: "/moby.filesync.v1.Auth/VerifyTokenAuthority",
  pull: "/moby.upload.v1.Upload/Pull",
  findExporters: "/moby.exporter.v1.Exporter/FindExporters",
  finalizeExport: "/moby.exporter.v1.Exporter/FinalizeExport",
  health: "/grpc.health.v1.Health/Check",
} as const;

/** A piece of a stream of bytes. */
export const BytesMessage = message({
  data: field(1, bytes),
});
export type BytesMessage = Value<typeof BytesMessage>;

export const GetSecretRequest = message({
  id: field(1, string),
  annotations: map(2, string),
});
export type GetSecretRequest = Value<typeof GetSecretRequest>;

export const GetSecretResponse = message({
  data: field(1, bytes),
});
export type GetSecretResponse = Value<typeof GetSecretResponse>;

export const CheckAgentRequest = message({
  id: field(1, string),
});
export type CheckAgentRequest = Value<typeof CheckAgentRequest>;

export const CheckAgentResponse = message({});
export type CheckAgentResponse = Value<typeof CheckAgentResponse>;

export const CredentialsRequest = message({
  host: field(1, string),
});
export type CredentialsRequest = Value<typeof CredentialsRequest>;

export const CredentialsResponse = message({
  username: field(1, string),
  secret: field(2, string),
});
export type CredentialsResponse = Value<typeof CredentialsResponse>;

export const FetchTokenRequest = message({
  clientId: field(1, string),
  host: field(2, string),
  realm: field(3, string),
  service: field(4, string),
  scopes: repeated(5, string),
});
export type FetchTokenRequest = Value<typeof FetchTokenRequest>;

export const FetchTokenResponse = message({
  token: field(1, string),
  /** Seconds. */
  expiresIn: field(2, int64),
  /** Seconds since 1970. */
  issuedAt: field(3, int64),
});
export type FetchTokenResponse = Value<typeof FetchTokenResponse>;

export const GetTokenAuthorityRequest = message({
  host: field(1, string),
  salt: field(2, bytes),
});
export type GetTokenAuthorityRequest = Value<typeof GetTokenAuthorityRequest>;

export const GetTokenAuthorityResponse = message({
  publicKey: field(1, bytes),
});
export type GetTokenAuthorityResponse = Value<typeof GetTokenAuthorityResponse>;

export const VerifyTokenAuthorityRequest = message({
  host: field(1, string),
  payload: field(2, bytes),
  salt: field(3, bytes),
});
export type VerifyTokenAuthorityRequest = Value<typeof VerifyTokenAuthorityRequest>;

export const VerifyTokenAuthorityResponse = message({
  signed: field(1, bytes),
});
export type VerifyTokenAuthorityResponse = Value<typeof VerifyTokenAuthorityResponse>;

export const FindExportersRequest = message({
  metadata: map(1, bytes),
  refs: repeated(2, string),
});
export type FindExportersRequest = Value<typeof FindExportersRequest>;

export const ExporterRequest = message({
  type: field(1, string),
  attrs: map(2, string),
});
export type ExporterRequest = Value<typeof ExporterRequest>;

export const FindExportersResponse = message({
  exporters: repeated(1, ExporterRequest),
});
export type FindExportersResponse = Value<typeof FindExportersResponse>;

export const FinalizeExportRequest = message({
  exporterResponse: map(1, string),
});
export type FinalizeExportRequest = Value<typeof FinalizeExportRequest>;

export const FinalizeExportResponse = message({});
export type FinalizeExportResponse = Value<typeof FinalizeExportResponse>;

export const HealthCheckRequest = message({
  service: field(1, string),
});
export type HealthCheckRequest = Value<typeof HealthCheckRequest>;

export const ServingStatus = { unknown: 0, serving: 1, notServing: 2, serviceUnknown: 3 } as const;

export const HealthCheckResponse = message({
  /** One of {@link ServingStatus}. */
  status: field(1, int32),
});
export type HealthCheckResponse = Value<typeof HealthCheckResponse>;
