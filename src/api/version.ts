/** The Engine API versions that Berth speaks. Requests without a version mean the newest. */
export const newestApi = "1.56";
export const oldestApi = "1.24";
