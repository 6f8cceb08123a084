/** What an engine says that has no part, or not the right one, in a cluster. */
import { unavailable } from "../lib/errors.ts";

const notManager = "This node is not a swarm manager. ";

/** To all that is a cluster's, outside of any. */
export const notASwarmManager = () =>
  unavailable(
    `${notManager}Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.`,
  );

/** To who wants to leave. */
export const notPartOfASwarm = () => unavailable("This node is not part of a swarm");
