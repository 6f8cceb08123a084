/** What of the containers cannot be in the database. */
export class LiveContainers {}
