/** Whom the addresses of services stand for, by network, and where the ports lead that answer on every machine. */
export const balance = `
CREATE TABLE network_services (
  network_id     TEXT PRIMARY KEY REFERENCES network (id) ON DELETE CASCADE,
  services_json  TEXT NOT NULL
) STRICT;

CREATE TABLE ingress (
  one           INTEGER PRIMARY KEY CHECK (one = 1),
  ingress_json  TEXT NOT NULL
) STRICT;
`;
