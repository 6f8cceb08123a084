/** The type of `context inspect`, in the notation of template/shape.ts. */
export default `
Context context.contextWithTLSListing
  Name string
  Metadata any
  Endpoints map[string]any
  TLSMaterial map[string][]string
  Storage StorageInfo
StorageInfo store.StorageInfo
  MetadataPath string
  TLSPath string
`;
