/** Append only: never remove, reorder or edit an entry that has been released. */
export const migrations: readonly { name: string; sql: string }[] = [];
