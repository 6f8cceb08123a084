import common from "./swarm-common.ts";

/** The Go struct types of `config inspect` at Engine API 1.51, in the notation of template/shape.ts. */
export default `
Config swarm.Config
${common}
Spec swarm.ConfigSpec
  Name string
  Labels map[string]string
  Data string
  Templating *Driver
Config swarm.Config
  ID string
  +Meta
  Spec Spec
`;
