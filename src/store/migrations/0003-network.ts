/**
 * Networks, and what running containers hold of them. `endpoint`, `endpoint_name`, `network_address` and
 * `published_port` belong to a `sandbox` and go with it; a network with endpoints cannot go.
 */
export const network = `
CREATE TABLE network (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  config_json TEXT NOT NULL
) STRICT;

CREATE TABLE sandbox (
  container_id TEXT PRIMARY KEY,
  record_json TEXT NOT NULL
) STRICT;

CREATE TABLE endpoint (
  id TEXT PRIMARY KEY,
  network_id TEXT NOT NULL REFERENCES network (id),
  container_id TEXT NOT NULL REFERENCES sandbox (container_id) ON DELETE CASCADE,
  record_json TEXT NOT NULL,
  UNIQUE (container_id, network_id)
) STRICT;
CREATE INDEX endpoint_network ON endpoint (network_id);

CREATE TABLE endpoint_name (
  network_id TEXT NOT NULL,
  name TEXT NOT NULL COLLATE NOCASE,
  endpoint_id TEXT NOT NULL REFERENCES endpoint (id) ON DELETE CASCADE,
  PRIMARY KEY (network_id, name, endpoint_id)
) STRICT;
CREATE INDEX endpoint_name_endpoint ON endpoint_name (endpoint_id);

CREATE TABLE network_address (
  network_id TEXT NOT NULL,
  address TEXT NOT NULL,
  endpoint_id TEXT NOT NULL REFERENCES endpoint (id) ON DELETE CASCADE,
  PRIMARY KEY (network_id, address)
) STRICT;
CREATE INDEX network_address_endpoint ON network_address (endpoint_id);

CREATE TABLE published_port (
  container_id TEXT NOT NULL REFERENCES sandbox (container_id) ON DELETE CASCADE,
  protocol TEXT NOT NULL,
  host_ip TEXT NOT NULL,
  host_port INTEGER NOT NULL,
  container_port INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (protocol, host_ip, host_port)
) STRICT;
CREATE INDEX published_port_container ON published_port (container_id);
`;
