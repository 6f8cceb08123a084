/** Go struct types that the things of a swarm share, in the notation of template/shape.ts. */
export default `
Version swarm.Version
  Index int
Driver swarm.Driver
  Name string
  Options map[string]string
Meta swarm.Meta
  Version Version
  CreatedAt time
  UpdatedAt time
`;
