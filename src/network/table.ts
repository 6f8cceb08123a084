import { formatIp, type Ip } from "../lib/ip.ts";
import type { Store } from "../store/store.ts";
import type { EndpointRecord, NetworkRecord, PortRange, SandboxRecord } from "./record.ts";

/** Rows of networks, sandboxes, endpoints, addresses and ports (migration 0003-network). */

interface JsonRow {
  json: string;
}

function parsed<T>(rows: JsonRow[]): T[] {
  return rows.map((row): T => JSON.parse(row.json));
}

/** In the order they were created. */
export function allNetworks(store: Store): NetworkRecord[] {
  return parsed(store.query<JsonRow, []>("SELECT config_json AS json FROM network ORDER BY rowid").all());
}

/** Takes the full id only; null: there is no such network. */
export function networkById(store: Store, id: string): NetworkRecord | null {
  return (
    parsed<NetworkRecord>(
      store.query<JsonRow, [string]>("SELECT config_json AS json FROM network WHERE id = ?").all(id),
    )[0] ?? null
  );
}

/** Takes the exact name only; null: there is no such network. */
export function networkByName(store: Store, name: string): NetworkRecord | null {
  return (
    parsed<NetworkRecord>(
      store.query<JsonRow, [string]>("SELECT config_json AS json FROM network WHERE name = ?").all(name),
    )[0] ?? null
  );
}

/** `prefix` must be hex digits. */
export function networksByIdPrefix(store: Store, prefix: string): NetworkRecord[] {
  return parsed(
    store.query<JsonRow, [string]>("SELECT config_json AS json FROM network WHERE id GLOB ? || '*'").all(prefix),
  );
}

/**
 * Adds the network, or replaces the record of the one with its id (whose name stays). Throws SQLite's error when
 * another network has the name.
 */
export function saveNetwork(store: Store, network: NetworkRecord): void {
  store
    .query(
      "INSERT INTO network (id, name, config_json) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET config_json " +
        "= excluded.config_json",
    )
    .run(network.Id, network.Name, JSON.stringify(network));
}

/** Does nothing where there is no such network. Throws SQLite's error while endpoints refer to it. */
export function deleteNetwork(store: Store, id: string): void {
  store.query("DELETE FROM network WHERE id = ?").run(id);
}

/** null: the container has no sandbox, as it does not run. */
export function sandboxOf(store: Store, containerId: string): SandboxRecord | null {
  return (
    parsed<SandboxRecord>(
      store.query<JsonRow, [string]>("SELECT record_json AS json FROM sandbox WHERE container_id = ?").all(containerId),
    )[0] ?? null
  );
}

/** In the order they were first saved. */
export function allSandboxes(store: Store): SandboxRecord[] {
  return parsed(store.query<JsonRow, []>("SELECT record_json AS json FROM sandbox ORDER BY rowid").all());
}

/** Adds the container's sandbox, or replaces its record. */
export function saveSandbox(store: Store, sandbox: SandboxRecord): void {
  store
    .query(
      "INSERT INTO sandbox (container_id, record_json) VALUES (?, ?) ON CONFLICT (container_id) DO UPDATE SET " +
        "record_json = excluded.record_json",
    )
    .run(sandbox.containerId, JSON.stringify(sandbox));
}

/** Also removes its endpoints and published ports. */
export function deleteSandbox(store: Store, containerId: string): void {
  store.query("DELETE FROM sandbox WHERE container_id = ?").run(containerId);
}

/** In the order they were made; empty: the container is on no network. */
export function endpointsOfContainer(store: Store, containerId: string): EndpointRecord[] {
  return parsed(
    store
      .query<JsonRow, [string]>("SELECT record_json AS json FROM endpoint WHERE container_id = ? ORDER BY rowid")
      .all(containerId),
  );
}

/** In the order they were made. */
export function endpointsOfNetwork(store: Store, networkId: string): EndpointRecord[] {
  return parsed(
    store
      .query<JsonRow, [string]>("SELECT record_json AS json FROM endpoint WHERE network_id = ? ORDER BY rowid")
      .all(networkId),
  );
}

/** How many endpoints the network has now. */
export function endpointCount(store: Store, networkId: string): number {
  return (
    store.query<{ n: number }, [string]>("SELECT count(*) AS n FROM endpoint WHERE network_id = ?").get(networkId)?.n ??
    0
  );
}

/**
 * Saves an endpoint with its addresses and names. Throws SQLite's error where another endpoint has one of the
 * addresses.
 */
export function insertEndpoint(store: Store, endpoint: EndpointRecord): void {
  store
    .query("INSERT INTO endpoint (id, network_id, container_id, record_json) VALUES (?, ?, ?, ?)")
    .run(endpoint.id, endpoint.networkId, endpoint.containerId, JSON.stringify(endpoint));
  for (const cidr of [endpoint.ipv4, endpoint.ipv6]) {
    if (cidr === "") continue;
    store
      .query("INSERT INTO network_address (network_id, address, endpoint_id) VALUES (?, ?, ?)")
      .run(endpoint.networkId, addressOf(cidr), endpoint.id);
  }
  insertNames(store, endpoint);
}

/** Replaces what is kept of an endpoint except its addresses. */
export function updateEndpoint(store: Store, endpoint: EndpointRecord): void {
  store.query("UPDATE endpoint SET record_json = ? WHERE id = ?").run(JSON.stringify(endpoint), endpoint.id);
  store.query("DELETE FROM endpoint_name WHERE endpoint_id = ?").run(endpoint.id);
  insertNames(store, endpoint);
}

function insertNames(store: Store, { id, networkId, names }: EndpointRecord): void {
  for (const name of names)
    store
      .query("INSERT OR IGNORE INTO endpoint_name (network_id, name, endpoint_id) VALUES (?, ?, ?)")
      .run(networkId, name, id);
}

/** Removes the endpoint's row, and with it its addresses and names. Does nothing where there is none. */
export function deleteEndpoint(store: Store, endpointId: string): void {
  store.query("DELETE FROM endpoint WHERE id = ?").run(endpointId);
}

/** The addresses of the network's endpoints, IPv4 and IPv6 together, without prefix length. */
export function usedAddresses(store: Store, networkId: string): Set<string> {
  const rows = store
    .query<{ address: string }, [string]>("SELECT address FROM network_address WHERE network_id = ?")
    .all(networkId);
  return new Set(rows.map((row) => row.address));
}

/** Endpoints that a network's name service knows under a name, in no order. */
export function endpointsByName(store: Store, networkId: string, name: string): EndpointRecord[] {
  return parsed(
    store
      .query<JsonRow, [string, string]>(
        "SELECT record_json AS json FROM endpoint JOIN endpoint_name ON endpoint_id = id WHERE " +
          "endpoint_name.network_id = ? AND name = ?",
      )
      .all(networkId, name),
  );
}

/** The endpoint that has the address (written without prefix length) on the network; null: no endpoint has it. */
export function endpointByAddress(store: Store, networkId: string, address: string): EndpointRecord | null {
  return (
    parsed<EndpointRecord>(
      store
        .query<JsonRow, [string, string]>(
          "SELECT record_json AS json FROM endpoint JOIN network_address ON endpoint_id = id WHERE " +
            "network_address.network_id = ? AND address = ?",
        )
        .all(networkId, address),
    )[0] ?? null
  );
}

const portColumns = "protocol, host_ip AS hostIp, host_port AS hostPort, container_port AS containerPort, count";

/** The container's published ports, by protocol, then container port, then host address. */
export function publishedPorts(store: Store, containerId: string): PortRange[] {
  return store
    .query<PortRange, [string]>(
      `SELECT ${portColumns} FROM published_port WHERE container_id = ? ORDER BY protocol, container_port, host_ip`,
    )
    .all(containerId);
}

/** The published range that has the port of that address of the host, with its container; null: none has it. */
export function publishedAt(
  store: Store,
  protocol: string,
  ip: Ip,
  port: number,
): (PortRange & { containerId: string }) | null {
  return store
    .query<PortRange & { containerId: string }, [string, number, string, string]>(
      `SELECT container_id AS containerId, ${portColumns} FROM published_port
     WHERE protocol = ?1 AND ?2 BETWEEN host_port AND host_port + count - 1 AND host_ip IN (?3, ?4)`,
    )
    .get(protocol, port, formatIp(ip), ip.family === 4 ? "0.0.0.0" : "::");
}

/**
 * Throws SQLite's error when the first host port of a range is noted already for the same protocol and host address.
 */
export function insertPublishedPorts(store: Store, containerId: string, ranges: readonly PortRange[]): void {
  const insert = store.query(
    "INSERT INTO published_port (container_id, protocol, host_ip, host_port, container_port, count) VALUES (?, " +
      "?, ?, ?, ?, ?)",
  );
  for (const range of ranges)
    insert.run(containerId, range.protocol, range.hostIp, range.hostPort, range.containerPort, range.count);
}

/** Removes the rows of all ports that the container publishes; the ports themselves are the caller's to release. */
export function deletePublishedPorts(store: Store, containerId: string): void {
  store.query("DELETE FROM published_port WHERE container_id = ?").run(containerId);
}

/** The address of `address/prefix`. */
export function addressOf(cidr: string): string {
  return cidr.split("/")[0] ?? "";
}
