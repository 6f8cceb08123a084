import { invalid } from "../../lib/errors.ts";
import type { ManagerDeps } from "../deps.ts";
import { find } from "../find.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import { guarded } from "../store/guarded.ts";

/**
 * `DELETE /networks/{id}` for one of the cluster. Throws `not-found`, and `invalid`, in Docker's words, where services
 * or tasks are on it.
 */
export async function removeClusterNetwork({ store }: ManagerDeps, ref: string): Promise<void> {
  await guarded(store, (state) => {
    const network = find(state, "network", ref);
    const services = [...state.all("service")];
    if (network.Ingress) {
      const user = services.find(({ Endpoint }) =>
        Endpoint?.VirtualIPs.some(({ NetworkID }) => NetworkID === network.ID),
      );
      if (user) throw invalid(`ingress network cannot be removed because service ${user.ID} depends on it`);
    }
    const user = services.find(({ Spec }) => Spec.TaskTemplate.Networks?.some(({ Target }) => Target === network.ID));
    if (user) throw invalid(`network ${network.ID} is in use by service ${user.ID}`);
    // Tasks of services that have gone stop on their own; a container that somebody has attached does not.
    const attached = [...state.all("task")].find(
      (task) =>
        !task.ServiceID &&
        task.Networks.some(({ NetworkID }) => NetworkID === network.ID) &&
        !isOver(taskStatus(state, task).State),
    );
    if (attached) throw invalid(`network ${network.ID} is in use by task ${attached.ID}`);
    return [{ remove: "network", id: network.ID, at: network.Version.Index }];
  });
}
