/** The type of `context inspect`, in the notation of template/shape.ts. */
export default `
Context context.contextWithTLSListing
  Name string
  Metadata any
  Endpoints map[string]EndpointMeta
  TLSMaterial map[string][]string
  Storage StorageInfo
EndpointMeta docker.EndpointMeta
  Host string
  SkipTLSVerify bool
StorageInfo store.StorageInfo
  MetadataPath string
  TLSPath string
`;
