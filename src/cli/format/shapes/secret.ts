import common from "./swarm-common.ts";

/** The Go struct types of `secret inspect` at Engine API 1.51, in the notation of template/shape.ts. */
export default `
Secret swarm.Secret
${common}
Spec swarm.SecretSpec
  Name string
  Labels map[string]string
  Data string
  Driver *Driver
  Templating *Driver
Secret swarm.Secret
  ID string
  +Meta
  Spec Spec
`;
