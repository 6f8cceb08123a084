/** The Go struct types of the engine's `/version` at Engine API 1.50, in the notation of template/shape.ts. */
export default `
Version types.Version
  Platform VersionPlatform
  Components []ComponentVersion
  Version string
  APIVersion string ApiVersion
  MinAPIVersion string
  GitCommit string
  GoVersion string
  Os string
  Arch string
  KernelVersion string
  Experimental bool
  BuildTime string
VersionPlatform types.VersionPlatform
  Name string
ComponentVersion types.ComponentVersion
  Name string
  Version string
  Details map[string]string
`;
