/** What happens in the engine, by what it happens to: the action of each event, and when it is told. */
export const eventActions = {
  builder: { prune: "the build cache was pruned" },
  container: {
    "archive-path": "files were copied out",
    attach: "somebody has attached to its streams",
    checkpoint: "the state of its processes was saved",
    commit: "an image was made of it",
    create: "it was made",
    destroy: "it was removed",
    detach: "somebody who had attached has left it by the keys for that",
    die: "its first process has ended",
    exec_create: "a further process was prepared; the command line follows after `: `",
    exec_detach: "somebody has left a further process by the keys for that",
    exec_die: "a further process has ended",
    exec_start: "a further process was started; the command line follows after `: `",
    export: "its filesystem was read as an archive",
    "extract-to-dir": "files were copied in",
    health_status: "its health has changed; `healthy` or `unhealthy` follows after `: `",
    kill: "a signal was sent to it",
    oom: "its memory has run out",
    pause: "it was frozen",
    prune: "containers were pruned",
    rename: "it has another name",
    resize: "its terminal has another size",
    restart: "it was started again",
    start: "it was started",
    stop: "it was stopped",
    top: "its processes were listed",
    unpause: "it goes on",
    update: "its limits or its restart policy have changed",
  },
  config: { create: "it was made", remove: "it was removed", update: "it has other labels" },
  daemon: { reload: "the settings were read again" },
  image: {
    create: "it was made by the builder or by a commit",
    delete: "it was removed",
    import: "it was made of an archive of files",
    load: "it came out of an archive of images",
    prune: "images were pruned",
    pull: "it came from a registry",
    push: "it went to a registry",
    save: "it was read as an archive",
    tag: "it has one more name",
    untag: "it has one name less",
  },
  network: {
    connect: "a container has joined it",
    create: "it was made",
    destroy: "it was removed",
    disconnect: "a container has left it",
    prune: "networks were pruned",
    remove: "one of the cluster's was removed",
    update: "one of the cluster's was changed",
  },
  node: {
    create: "a machine has joined the cluster",
    remove: "it was struck from the cluster",
    update: "its state, role, availability or labels have changed; `state.new`, `role.new`, `availability.new`",
  },
  plugin: {
    create: "it was made of a folder",
    disable: "it was turned off",
    enable: "it was turned on",
    pull: "it came from a registry, or was exchanged for another version",
    remove: "it was removed",
  },
  secret: { create: "it was made", remove: "it was removed", update: "it has other labels" },
  service: {
    create: "it was made",
    remove: "it was removed",
    update: "it, or the state of its update, has changed; `replicas.new`, `updatestate.new`",
  },
  volume: {
    "archive-path": "files were copied out",
    backup: "it went to a registry",
    create: "it was made",
    destroy: "it was removed",
    export: "it was read as an archive",
    "extract-to-dir": "files were copied in",
    mount: "a container has it",
    prune: "volumes were pruned",
    rename: "it has another name",
    unmount: "a container has it no more",
  },
} as const;

type EventActions = typeof eventActions;

/** An action of events of one type, with what follows it. */
export type ActionOf<T extends keyof EventActions> =
  | Exclude<keyof EventActions[T] & string, "exec_create" | "exec_start" | "health_status">
  | (T extends "container" ? `exec_create: ${string}` | `exec_start: ${string}` | `health_status: ${string}` : never);

/** A type of events with one of its actions. */
export type TypeAndAction = {
  [T in keyof EventActions]: [type: T, action: ActionOf<T>];
}[keyof EventActions];
