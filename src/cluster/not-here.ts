/** What an engine says that has no part, or not the right one, in a cluster. */
import { unavailable } from "../lib/errors.ts";

const notManager = "This node is not a swarm manager. ";

/** To all that is a cluster's, outside of any. */
export const notASwarmManager = () =>
  unavailable(
    `${notManager}Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.`,
  );

/** To all that is a cluster's, on a worker. */
export const onlyAWorker = () =>
  unavailable(
    `${notManager}Worker nodes can't be used to view or modify cluster state. Please run this command on a manager ` +
      "node or promote the current node to a manager.",
  );

/** To who wants to leave. */
export const notPartOfASwarm = () => unavailable("This node is not part of a swarm");

/** To who wants to go into a cluster, in one. */
export const partOfASwarm = () =>
  unavailable(
    'This node is already part of a swarm. Use "docker swarm leave" to leave this swarm and join another one.',
  );

const locked = "Swarm is encrypted and needs to be unlocked before it can be used. ";

/** What a locked manager says, also in `info`. */
export const lockedText = `${locked}Please use "docker swarm unlock" to unlock it.`;

/** To who wants to leave while the manager is locked. */
export const lockedLeave = () =>
  unavailable("Swarm is encrypted and locked. Please unlock it first or use `--force` to ignore this message.");

/** To who wants to take a manager away. */
export const leavingManager = (last: boolean) =>
  unavailable(
    "You are attempting to leave the swarm on a node that is participating as a manager. " +
      (last
        ? "Removing the last manager erases all current state of the swarm. Use `--force` to ignore this message. "
        : "The only way to restore a swarm that has lost consensus is to reinitialize it with `--force-new-cluster`. " +
          "Use `--force` to suppress this message."),
  );
