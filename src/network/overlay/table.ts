import type { Store } from "../../store/store.ts";
import type { Ingress, ServiceAddress } from "./desired.ts";

/** What was said last of a network's services; none was said of: empty. */
export function servicesOf(store: Store, networkId: string): ServiceAddress[] {
  const row = store
    .query<{ json: string }, [string]>("SELECT services_json AS json FROM network_services WHERE network_id = ?")
    .get(networkId);
  return row ? (JSON.parse(row.json) as ServiceAddress[]) : [];
}

/** The network must be there; with it the row goes. */
export function saveServices(store: Store, networkId: string, services: readonly ServiceAddress[]): void {
  store
    .query("INSERT OR REPLACE INTO network_services (network_id, services_json) VALUES (?, ?)")
    .run(networkId, JSON.stringify(services));
}

/** What was said last of the ports that answer on every machine; null: this machine is in no cluster. */
export function ingressOf(store: Store): Ingress | null {
  const row = store.query<{ json: string }, []>("SELECT ingress_json AS json FROM ingress").get();
  return row ? (JSON.parse(row.json) as Ingress) : null;
}

/** null: there are none any more. */
export function saveIngress(store: Store, ingress: Ingress | null): void {
  if (ingress === null) store.query("DELETE FROM ingress").run();
  else store.query("INSERT OR REPLACE INTO ingress (one, ingress_json) VALUES (1, ?)").run(JSON.stringify(ingress));
}
